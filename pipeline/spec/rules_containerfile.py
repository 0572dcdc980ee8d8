"""The rules of Containerfiles and ignore files; see `rules`."""

from __future__ import annotations

from pipeline.spec.rule import Rule

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
        "A variable that nothing sets is replaced by nothing, without a word. Before Buildah 1.41 "
        "that is so for the ARGs of a stage below, too.",
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
        "A destination that is not a folder and has no slash at its end becomes a file, and the "
        "next COPY to it replaces that file.",
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
        "Buildah takes a name that is not a stage for an image, and tries to pull it.",
    ),
    Rule("CAP240", "unknown-target", "error", "The Containerfile has no stage of that name."),
)
