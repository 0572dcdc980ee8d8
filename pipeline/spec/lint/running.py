"""What goes wrong when the image runs: secrets, root, signals, ports, lists that are none."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.lean_re import lazy_pattern
from pipeline.output.findings.finding import Finding
from pipeline.spec.containerfile.model import Word
from pipeline.spec.containerfile.steps import BuildStep
from pipeline.spec.lint.subject import LintSubject

_SECRET_NAME = lazy_pattern(
    r"(?:^|_)(?:PASSWORD|PASSWD|PASSPHRASE|PWD|SECRET|TOKEN|CREDENTIALS?|APIKEY"
    r"|(?:API|ACCESS|PRIVATE|SECRET|ENCRYPTION|SIGNING)_?KEY)\d*$"
)
_NOT_NAMES = frozenset({"PWD", "OLDPWD"})
_SECRET_VALUE = lazy_pattern(
    r"-----BEGIN [A-Z ]*PRIVATE KEY|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36}"
    r"|\bglpat-[\w-]{20}|\bxox[abprs]-[\w-]{10}|://[^/\s:@]+:[^/\s@$]+@"
)
_HARMLESS = frozenset({"", "true", "false", "yes", "no", "on", "off", "0", "1", "none", "null"})
_ROOT = frozenset({"", "root", "0"})
_LIKE_JSON = lazy_pattern(r"\[\s*[\"'\u201c\u201d\u2018\u2019]")


def secrets(subject: LintSubject) -> Iterator[Finding]:
    """Values in ENV and ARG that only some should know."""
    for instruction in subject.file.global_args:
        for word in instruction.words:
            name, _, value = word.text.partition("=")
            if _is_secret(name, value.strip("\"'"), argument=True):
                yield subject.at("CAP224", instruction, *_told("ARG", name), word)
    for _, step in subject.steps:
        for name, value, word in _assigned(step):
            if _is_secret(name, value, argument=step.keyword == "ARG"):
                yield subject.at("CAP224", step.instruction, *_told(step.keyword, name), word)


def _assigned(step: BuildStep) -> Iterator[tuple[str, str, Word]]:
    """The names, their values and places in an ENV or an ARG."""
    words = step.instruction.words
    if step.keyword == "ENV":
        names, values = step.arguments[::2], step.arguments[1::2]
        yield from zip(names, values, words[::2], strict=False)
    elif step.keyword == "ARG":
        for text, word in zip(step.arguments, words, strict=False):
            name, _, value = text.partition("=")
            yield name, value, word


def _is_secret(name: str, value: str, *, argument: bool) -> bool:
    if _SECRET_VALUE.search(value):
        return True
    if name.upper() in _NOT_NAMES or not _SECRET_NAME.search(name.upper()):
        return False
    # An ARG without a default is there to be filled, and what it is filled with stays.
    return value.lower() not in _HARMLESS or (argument and not value)


def _told(keyword: str, name: str) -> tuple[str, str]:
    if keyword == "ENV":
        return (
            f"ENV {name} is readable by everyone who has the image",
            "give it to the service: `secrets`",
        )
    return f"ARG {name} stays in the image's history", "RUN --mount=type=secret keeps it out"


_NOT_IN_OCI = {
    "ONBUILD": "put the instruction into the Containerfiles that build on this image",
    "HEALTHCHECK": "give the service a `healthcheck` in the spec",
    "SHELL": "repeat it in the Containerfiles that build on this image",
}


def dropped_by_oci(subject: LintSubject) -> Iterator[Finding]:
    """Instructions that the image, in the OCI format, does not keep; each keyword once."""
    told: set[str] = set()
    for _, step in subject.steps:
        hint = _NOT_IN_OCI.get(step.keyword)
        none = step.keyword == "HEALTHCHECK" and step.arguments[:1] == ("NONE",)
        if hint and not none and step.keyword not in told:
            told.add(step.keyword)
            message = f"{step.keyword} is not kept: an image in the OCI format has no place for it"
            yield subject.at("CAP238", step.instruction, message, hint)


def root_with_ports(subject: LintSubject) -> Iterator[Finding]:
    """A service that is published and runs as root."""
    if not subject.lineage:
        return
    user = subject.lineage[-1].after.user
    image_is_root = user is None or user.partition(":")[0] in _ROOT
    for one in subject.published:
        given = one.user
        is_root = image_is_root if given is None else given.partition(":")[0] in _ROOT
        if is_root:
            place = _last(subject, "USER") or subject.lineage[-1].origin
            message = f"the service {one.service} publishes {one.port} and runs as root"
            hint = "add USER here, or `user` in the service"
            yield subject.at("CAP225", place.instruction, message, hint)
            return


def _last(subject: LintSubject, keyword: str) -> BuildStep | None:
    """The instruction that counts in the image, if it stands in this file."""
    found = [s for stage in subject.lineage for s in stage.steps if s.keyword == keyword]
    return found[-1] if found and not found[-1].inherited else None


def shell_form(subject: LintSubject) -> Iterator[Finding]:
    """An image whose first process is a shell."""
    entrypoint, cmd = _last(subject, "ENTRYPOINT"), _last(subject, "CMD")
    step = entrypoint or cmd
    if step is None or step.instruction.json or not step.arguments:
        return
    command = step.arguments[0]
    if command.split()[0] == "exec" or _LIKE_JSON.match(command):
        return
    message = (
        f"{step.keyword} in the shell form: the shell gets SIGTERM, {_first(command)} does not"
    )
    hint = f'write {step.keyword} ["…", "…"], or begin with exec'
    yield subject.at("CAP228", step.instruction, message, hint)


def _first(command: str) -> str:
    words = [word for word in command.split() if "=" not in word and word not in {"cd", "&&"}]
    return words[0] if words else "the program"


def ports_not_exposed(subject: LintSubject) -> Iterator[Finding]:
    """Published ports that the image, as far as it is known, never names."""
    if not subject.lineage:
        return
    image = subject.lineage[-1]
    if not (image.after.exposed or image.before.described):
        return  # the base may expose anything
    exposed = {port for text in image.after.exposed for port in _ports(text)}
    for one in subject.published:
        if one.port not in exposed:
            named = ", ".join(sorted(image.after.exposed)) or "none"
            message = f"the service {one.service} publishes {one.port}; the image exposes {named}"
            hint = f"EXPOSE {one.port.removesuffix('/tcp')}"
            place = _last(subject, "EXPOSE") or image.origin
            yield subject.at("CAP229", place.instruction, message, hint)


def _ports(text: str) -> Iterator[str]:
    """`5000-5002/tcp` is three ports."""
    numbers, _, protocol = text.partition("/")
    low, dash, high = numbers.partition("-")
    if dash and low.isdecimal() and high.isdecimal() and int(high) - int(low) <= 65_535:
        for number in range(int(low), int(high) + 1):
            yield f"{number}/{protocol}"
    else:
        yield text


def almost_json(subject: LintSubject) -> Iterator[Finding]:
    """A list with quotes that is not JSON, and so is run by a shell."""
    for _, step in subject.steps:
        word = (
            step.instruction.words[-1:]
            if step.keyword == "HEALTHCHECK"
            else step.instruction.words[:1]
        )
        if step.instruction.json or not word:
            continue
        takes_lists = step.keyword in {
            "ADD", "CMD", "COPY", "ENTRYPOINT", "HEALTHCHECK", "RUN", "SHELL", "VOLUME",
        }  # fmt: skip
        if takes_lists and _LIKE_JSON.match(word[0].text):
            hint = "JSON has double quotes, commas between the items and none at the end"
            message = f"{step.keyword} has a list that is not JSON: it is read as plain text"
            yield subject.at("CAP233", step.instruction, message, hint, word[0])
