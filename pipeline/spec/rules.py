"""Every rule that a finding can name: its id, its short name, how heavy it is, and why it exists.

`CAP0xx` and `CAP1xx` speak of the spec, `CAP2xx` of Containerfiles and ignore files, `CAP3xx` of
releases. An id keeps its meaning for ever; a rule that goes leaves a gap.
"""

from __future__ import annotations

from pathlib import Path

from pipeline.output.findings.finding import Finding
from pipeline.spec.rule import Rule, by_id
from pipeline.spec.rules_containerfile import CONTAINERFILE_RULES

LANGUAGE_RULES = (
    Rule("CAP001", "unreadable-spec", "error", "A spec is a file of UTF-8 text, at most 1 MiB."),
    Rule("CAP002", "toml-syntax", "error", "A spec is TOML 1.0; nothing else of it can be read."),
    Rule("CAP003", "unknown-key", "error", "An unknown key would be ignored without a word."),
    Rule("CAP004", "missing-key", "error", "The table is incomplete without the key."),
    Rule("CAP005", "wrong-type", "error", "The key takes a value of another type."),
    Rule("CAP006", "wrong-value", "error", "The value is not one of those that the key takes."),
    Rule("CAP007", "bad-name", "error", "Engines, registries or shells refuse the name."),
    Rule("CAP008", "variable", "error", "A variable that is not set would be an empty text."),
    Rule("CAP009", "bad-port", "error", "The text is not a port that can be published."),
    Rule("CAP010", "bad-volume", "error", "The text is not something that can be mounted."),
    Rule("CAP011", "contradiction", "error", "Two keys exclude each other, or one is needed."),
    Rule(
        "CAP013",
        "too-deep",
        "error",
        "No valid spec is nested so deep: it is a mistake or an attack.",
    ),
    Rule("CAP012", "too-many", "error", "A flood of findings says no more than its beginning."),
    Rule("CAP014", "unknown-rule", "error", "A level for a rule that does not exist does nothing."),
)

CROSS_RULES = (
    Rule(
        "CAP101",
        "unknown-image",
        "error",
        "The spec does not describe the image and names no registry.",
    ),
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
    Rule("CAP122", "missing-context", "error", "The folder to build from does not exist."),
    Rule("CAP123", "missing-containerfile", "error", "There is no Containerfile to build."),
    Rule("CAP124", "env-file", "error", "A file of variables is missing or cannot be read."),
    Rule("CAP125", "missing-secret", "warning", "Only a deploy needs it; it does not exist now."),
    Rule("CAP126", "missing-bind-source", "error", "Podman mounts only what exists."),
    Rule("CAP130", "unsorted-versions", "warning", "It is unclear which version is the newest."),
    Rule("CAP140", "unset-capture", "error", "A value that no step captured has no meaning."),
    Rule("CAP141", "impossible-deadline", "error", "What may not last long enough cannot hold."),
    Rule(
        "CAP142",
        "same-experiment",
        "error",
        "With two of one name, it is unclear which one applies.",
    ),
    Rule("CAP143", "looks-at-nothing", "warning", "A check that cannot fail proves nothing."),
    Rule("CAP144", "nothing-to-do", "error", "A step that changes nothing tests nothing."),
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
