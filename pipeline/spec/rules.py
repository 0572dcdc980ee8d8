"""Every rule that a finding can name: its id, its short name, how heavy it is, and why it exists.

`CAP0xx` and `CAP1xx` speak of the spec, `CAP2xx` of Containerfiles and ignore files, `CAP3xx` of
releases. An id keeps its meaning for ever; a rule that goes leaves a gap.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.report.finding import Finding, Severity


@dataclass(frozen=True)
class Rule:
    """One thing that is looked for.

    Attributes:
        id: stable, such as `CAP221`.
        name: short and readable, such as `copy-to-missing-folder`.
        severity: how heavy a finding of it is, unless the spec's `[x-lint]` says otherwise.
        why: one or two sentences: what goes wrong for whom when it is not followed.
    """

    id: str
    name: str
    severity: Severity
    why: str


def by_id(rules: Iterable[Rule]) -> Mapping[str, Rule]:
    """The rules by their ids.

    Raises:
        ValueError: two rules have the same id or name.
    """
    table: dict[str, Rule] = {}
    names: set[str] = set()
    for rule in rules:
        if rule.id in table or rule.name in names:
            raise ValueError(f"two rules are called {rule.id} or {rule.name}")
        table[rule.id] = rule
        names.add(rule.name)
    return table


LANGUAGE_RULES = (
    Rule("CAP001", "unreadable-spec", "error", "A spec is a file of UTF-8 text, at most 1 MiB."),
    Rule("CAP002", "toml-syntax", "error", "A spec is TOML 1.0; nothing else of it can be read."),
    Rule("CAP003", "unknown-key", "error", "A key that nobody reads is a wish nobody grants."),
    Rule("CAP004", "missing-key", "error", "Without the key the table says too little."),
    Rule("CAP005", "wrong-type", "error", "The key takes a value of another type."),
    Rule("CAP006", "wrong-value", "error", "The value is none of those that the key takes."),
    Rule("CAP007", "bad-name", "error", "Engines and registries refuse the name (OCI)."),
    Rule("CAP008", "variable", "error", "A variable that is not set would be an empty text."),
    Rule("CAP009", "bad-port", "error", "The text says no port that can be published."),
    Rule("CAP010", "bad-volume", "error", "The text says nothing that can be mounted."),
    Rule("CAP011", "contradiction", "error", "Two keys exclude each other, or one is needed."),
    Rule("CAP013", "too-deep", "error", "No key stands so deep: it is a slip or an attack."),
    Rule("CAP012", "too-many", "error", "A flood of findings says no more than its beginning."),
    Rule("CAP014", "unknown-rule", "error", "A level for a rule that is not there does nothing."),
)

CROSS_RULES = (
    Rule("CAP101", "unknown-image", "error", "The image is not described here, and no registry."),
    Rule("CAP102", "unknown-version", "error", "The image has no such version in this spec."),
    Rule("CAP103", "unknown-service", "error", "The service is not described in this spec."),
    Rule("CAP104", "unknown-volume", "error", "The volume is not described in this spec."),
    Rule("CAP105", "unknown-network", "error", "The network is not described in this spec."),
    Rule("CAP106", "unknown-secret", "error", "The secret is not described in this spec."),
    Rule("CAP107", "image-cycle", "error", "Images that start from each other are never built."),
    Rule("CAP108", "service-cycle", "error", "Services that wait for each other never start."),
    Rule("CAP110", "port-clash", "error", "A host port can be given to one replica only."),
    Rule("CAP111", "privileged-port", "warning", "Rootless users may not bind below 1024."),
    Rule("CAP112", "port-range", "error", "The replicas would need ports above 65535."),
    Rule("CAP114", "same-target", "error", "Of two mounts at one path, one hides the other."),
    Rule("CAP115", "never-healthy", "warning", "Nothing says when the other service is healthy."),
    Rule("CAP120", "shared-database", "warning", "SQLite-like files break under two writers."),
    Rule(
        "CAP127",
        "two-writers",
        "error",
        "Two database servers on one data folder overwrite what the other has acknowledged.",
    ),
    Rule("CAP121", "outside-project", "error", "The project alone would not hold all it needs."),
    Rule("CAP122", "missing-context", "error", "There is no such folder to build from."),
    Rule("CAP123", "missing-containerfile", "error", "There is no Containerfile to build."),
    Rule("CAP124", "env-file", "error", "A file of variables is missing or cannot be read."),
    Rule("CAP125", "missing-secret", "warning", "Only a deploy needs it; it is not there now."),
    Rule("CAP126", "missing-bind-source", "error", "Podman mounts only what is there."),
    Rule("CAP130", "unsorted-versions", "warning", "Which version is the newest is a guess."),
)

CONTAINERFILE_RULES = (
    Rule(
        "CAP200",
        "containerfile-unreadable",
        "error",
        "A Containerfile is a text file in UTF-8 that the build can read.",
    ),
    Rule(
        "CAP201",
        "containerfile-syntax",
        "error",
        "Buildah's parser refuses it, so nothing would be built.",
    ),
    Rule(
        "CAP202",
        "unknown-instruction",
        "error",
        "Buildah stops at an instruction that it does not know, after it did all those above it.",
    ),
    Rule(
        "CAP203",
        "no-base",
        "error",
        "A build starts from an image: only ARG may stand before the first FROM.",
    ),
    Rule(
        "CAP204",
        "bad-arguments",
        "error",
        "Buildah refuses the instruction with these arguments or flags when it reaches it.",
    ),
    Rule(
        "CAP205",
        "needs-newer-buildah",
        "warning",
        "Older versions of Buildah that are still in use (1.28 is Debian 12's) refuse it or read "
        "it as something else.",
    ),
    Rule(
        "CAP206",
        "bad-ignore-pattern",
        "error",
        "Buildah refuses every COPY and ADD when a pattern of the ignore file cannot be read.",
    ),
    Rule(
        "CAP207",
        "missing-source",
        "error",
        "COPY and ADD fail when a source is not in the context, or only in what the ignore file "
        "leaves out.",
    ),
    Rule(
        "CAP208",
        "source-outside-context",
        "error",
        "COPY and ADD cannot read outside the build context.",
    ),
    Rule(
        "CAP209",
        "unknown-stage",
        "error",
        "COPY --from needs a stage that stands above it, or an image.",
    ),
    Rule(
        "CAP210",
        "unset-variable",
        "warning",
        "A variable that nothing sets is replaced by nothing, without a word.",
    ),
    Rule(
        "CAP211",
        "source-matches-nothing",
        "warning",
        "Buildah passes over a pattern without matches as long as another source has some.",
    ),
    Rule(
        "CAP212",
        "other-source",
        "warning",
        "Buildah takes `..` above the context for the context itself: it copies something else "
        "than what is named, where other builders refuse.",
    ),
    Rule(
        "CAP220",
        "copy-all-before-install",
        "warning",
        "Any edit of any file makes the layer of the dependencies new: it is installed, stored and "
        "transferred again although nothing about it changed.",
    ),
    Rule(
        "CAP221",
        "copy-to-missing-folder",
        "warning",
        "Without a slash at its end, a destination that is no folder becomes a file, and the next "
        "COPY to it replaces that file.",
    ),
    Rule(
        "CAP222",
        "unpinned-base",
        "warning",
        "Without a tag, or with `latest`, the base changes under the same Containerfile: a version "
        "built again is another image.",
    ),
    Rule(
        "CAP223",
        "add-for-copy",
        "warning",
        "ADD unpacks archives and downloads; a reader has to know the file to know what it does. "
        "COPY says that it copies.",
    ),
    Rule(
        "CAP224",
        "secret-in-image",
        "error",
        "ENV and ARG values stay readable in the image's configuration and history for everyone "
        "who has the image.",
    ),
    Rule(
        "CAP225",
        "root-with-ports",
        "warning",
        "A service that can be reached from outside its container needs no rights of root inside.",
    ),
    Rule(
        "CAP226",
        "apt-update-alone",
        "warning",
        "The layer with the package lists is reused for weeks while install lines change: packages "
        "are not found or old ones are installed.",
    ),
    Rule(
        "CAP227",
        "write-after-volume",
        "warning",
        "What RUN writes into a VOLUME declared above it is thrown away by Buildah before 1.37 and "
        "kept since: the same file gives two images.",
    ),
    Rule(
        "CAP228",
        "shell-form-signals",
        "warning",
        "In the shell form /bin/sh is the container's first process. Unless it replaces itself by "
        "the command, it does not hand SIGTERM on: a stop waits its whole grace period and kills.",
    ),
    Rule(
        "CAP229",
        "port-not-exposed",
        "note",
        "EXPOSE is how an image says where it listens; a published port that it never names is "
        "often a wrong number.",
    ),
    Rule(
        "CAP230",
        "invalid-image-name",
        "error",
        "Engines refuse names that break OCI's rules: lower-case words joined by one of . _ -, "
        "then at most one tag of 128 characters.",
    ),
    Rule(
        "CAP231",
        "ignore-without-reason",
        "warning",
        "An exception without its reason cannot be judged by the next reader.",
    ),
    Rule(
        "CAP232",
        "unused-ignore",
        "warning",
        "An exception that excepts nothing hides the next finding.",
    ),
    Rule(
        "CAP233",
        "almost-json",
        "warning",
        "A list that is not valid JSON is run by a shell as it stands, brackets and all.",
    ),
    Rule(
        "CAP234",
        "blank-continuation",
        "warning",
        "Builders announce that an empty line inside a continued instruction becomes an error.",
    ),
    Rule(
        "CAP235",
        "overridden-instruction",
        "warning",
        "Only the last CMD, ENTRYPOINT and HEALTHCHECK of a stage count.",
    ),
    Rule(
        "CAP236",
        "pattern-is-regex",
        "warning",
        "Buildah turns ignore patterns into regular expressions without escaping + ( ) | { }: such "
        "a file name does not match itself.",
    ),
    Rule(
        "CAP237",
        "directive-not-honoured",
        "warning",
        "Buildah reads the escape directive only at the very top: another comment above it, "
        "`# syntax=` included, makes it a comment.",
    ),
    Rule(
        "CAP238",
        "dropped-by-oci",
        "warning",
        "Buildah makes images in the OCI format, which has no place for ONBUILD, HEALTHCHECK and "
        "SHELL: it leaves them out of the image. SHELL still counts for the rest of its stage.",
    ),
    Rule(
        "CAP239",
        "misspelt-stage",
        "warning",
        "A name that is no stage is an image to Buildah, which it then tries to pull.",
    ),
    Rule("CAP240", "unknown-target", "error", "The Containerfile has no stage of that name."),
)

RELEASE_RULES = (
    Rule("CAP301", "broken-lock", "error", "Without the release lock nothing protects a release."),
    Rule("CAP302", "changed-release", "error", "A version that was released keeps its content."),
    Rule("CAP303", "missing-release", "warning", "A release that nobody describes is never built."),
)

RULES = by_id((*LANGUAGE_RULES, *CROSS_RULES, *CONTAINERFILE_RULES, *RELEASE_RULES))

CHANGEABLE = frozenset(RULES) - {
    rule.id
    for rule in (*LANGUAGE_RULES, *CROSS_RULES, *RELEASE_RULES)
    if (rule.id < "CAP109" or rule in RELEASE_RULES) and rule.id != "CAP003"
}
"""Rules whose level `[x-lint]` may change; without the others a spec would mean nothing."""


def finding(
    rule: str,
    path: Path,
    line: int,
    column: int,
    message: str,
    *,
    hint: str = "",
    end_column: int = 0,
) -> Finding:
    """A finding of a rule of the table, as heavy as the rule is.

    Raises:
        KeyError: no such rule.
    """
    return Finding(path, line, column, rule, message, RULES[rule].severity, hint, end_column)
