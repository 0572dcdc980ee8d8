"""What Buildah would refuse when it reaches the instruction.

Facts from openshift/imagebuilder 1.2.3 and 1.2.15 (`dispatchers.go`) and Buildah 1.28
(`stage_executor.go`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.lean_re import lazy_pattern
from pipeline.output.findings.finding import Finding
from pipeline.spec.containerfile import KEYWORDS, Instruction
from pipeline.spec.containerfile.steps import BuildStep
from pipeline.spec.lint.run_flags import flag_wrong
from pipeline.spec.lint.subject import Hints, LintSubject

_HEALTH_FLAGS = frozenset({"interval", "timeout", "start-period", "retries"})
_FLAGS = {
    "FROM": frozenset({"platform"}),
    "ADD": frozenset({"chown", "chmod"}),
    "COPY": frozenset({"chown", "chmod", "from"}),
    "RUN": frozenset({"mount"}),
    "HEALTHCHECK": _HEALTH_FLAGS,
}
_NEWER_FLAGS = {
    "ADD": frozenset({"checksum", "link", "keep-git-dir", "exclude"}),
    "COPY": frozenset({"link", "parents", "exclude"}),
    "RUN": frozenset({"network"}),
    "HEALTHCHECK": frozenset({"start-interval"}),
}
_SWITCHES = frozenset({"link", "parents", "keep-git-dir"})
_LEAST = {"ADD": 2, "COPY": 2}
_ONE_TEXT = frozenset({"MAINTAINER", "STOPSIGNAL", "USER", "WORKDIR"})
_MAY_BE_EMPTY = frozenset({"CMD", "ENTRYPOINT"})
_DURATION = lazy_pattern(
    r"\+?(\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)((\d+(\.\d*)?)(ns|us|µs|ms|s|m|h))*"
)
_PORT = lazy_pattern(r"([0-9]{1,5})(?:-([0-9]{1,5}))?(?:/(?:tcp|udp|sctp)?)?", re.IGNORECASE)
_SIGNALS = (
    "ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT "
    "STOP SYS TERM TRAP TSTP TTIN TTOU UNUSED URG USR1 USR2 VTALRM WINCH XCPU XFSZ RTMIN RTMAX"
)


def refused_instructions(subject: LintSubject) -> Iterator[Finding]:
    """Every instruction of the file that Buildah would refuse."""
    hints = Hints()
    for stage in subject.stages:
        yield from _step(subject, stage.origin, hints)
    for _, step in subject.steps:
        yield from _step(subject, step, hints)
        if step.keyword == "ONBUILD":
            yield from _trigger(subject, step.instruction, hints)
    last = subject.file.instructions[-1:]
    if last and last[0].text.endswith(subject.file.escape):
        message = f"the last line ends with two `{subject.file.escape}`: capas adds a LABEL below"
        hint = "write the instruction as a JSON list, or another one below it"
        yield subject.at("CAP204", last[0], message, hint)
    for instruction in subject.file.global_args:
        if not instruction.words:
            yield subject.at("CAP204", instruction, "ARG needs a name")


def _step(subject: LintSubject, step: BuildStep, hints: Hints) -> Iterator[Finding]:
    instruction = step.instruction
    if instruction.keyword not in KEYWORDS:
        yield _unknown(subject, instruction, hints)
        return
    for word, why in step.refused:
        yield subject.at("CAP204", instruction, f"{word.text}: {why}", word=word)
    for word, form in step.newer:
        message = f"{form} is refused by Buildah 1.28"
        yield subject.at("CAP205", instruction, message, "use ${NAME:-default}", word=word)
    yield from _flags(subject, instruction, hints)
    if message := _arguments_wrong(step):
        yield subject.at("CAP204", instruction, message)


def _unknown(subject: LintSubject, instruction: Instruction, hints: Hints) -> Finding:
    keyword = instruction.keyword
    if keyword.startswith(("-", "&", "|", ";", ">", "'", '"')):
        hint = "the line above needs a backslash at its end to go on here"
    else:
        hint = hints.near(keyword, KEYWORDS)
    return subject.at("CAP202", instruction, f"unknown instruction {keyword[:40]}", hint)


def _trigger(subject: LintSubject, instruction: Instruction, hints: Hints) -> Iterator[Finding]:
    trigger = instruction.trigger
    if trigger is None:
        yield subject.at("CAP204", instruction, "ONBUILD needs an instruction")
    elif trigger.keyword in {"ONBUILD", "FROM", "MAINTAINER"}:
        yield subject.at("CAP204", trigger, f"{trigger.keyword} may not stand behind ONBUILD")
    elif trigger.keyword not in KEYWORDS:
        yield _unknown(subject, trigger, hints)


def _flags(subject: LintSubject, instruction: Instruction, hints: Hints) -> Iterator[Finding]:
    keyword = instruction.keyword
    known = _FLAGS.get(keyword)
    newer = _NEWER_FLAGS.get(keyword, frozenset())
    if known is None:
        return  # Buildah cuts flags off the other instructions without a word
    for word in instruction.flags:
        name, equals, value = word.text.removeprefix("--").partition("=")
        if name in newer:
            message = f"Buildah 1.28 refuses {keyword} --{name}"
            yield subject.at("CAP205", instruction, message, word=word)
        elif name not in known:
            hint = hints.near(name, known | newer)
            message = f"{keyword} has no flag --{name}"
            yield subject.at("CAP204", instruction, message, hint, word)
        if name in known | newer and not value and not (name in _SWITCHES and not equals):
            message = f"{keyword} --{name} has no value"
            yield subject.at("CAP204", instruction, message, f"write --{name}=…", word)
        elif keyword == "RUN":
            message, hint = flag_wrong(name, value, hints)
            if message:
                yield subject.at("CAP204", instruction, message, hint, word)


def _arguments_wrong(step: BuildStep) -> str:
    """Why Buildah refuses the arguments, or an empty text."""
    keyword, given = step.keyword, step.arguments
    if keyword == "ONBUILD":
        return ""
    if not given and keyword not in _MAY_BE_EMPTY:
        return f"{keyword} has no argument"
    if len(given) < _LEAST.get(keyword, 0):
        return f"{keyword} needs a source and a destination"
    special = {
        "FROM": _from,
        "SHELL": _shell,
        "HEALTHCHECK": _healthcheck,
        "STOPSIGNAL": _stopsignal,
        "VOLUME": _volume,
        "ENV": _env,
        "EXPOSE": _expose,
        "ADD": _files,
        "COPY": _files,
    }.get(keyword)
    return special(step) if special else ""


def _from(step: BuildStep) -> str:
    given = step.arguments
    named = len(given) == 3 and given[1].lower() == "as" and given[2]
    if len(given) == 1 or named:
        return "" if given[0] or step.missing else "FROM has no image"
    return "FROM takes an image, or an image, AS and a name"


def _shell(step: BuildStep) -> str:
    return "" if step.instruction.json else "SHELL needs a JSON list"


def _volume(step: BuildStep) -> str:
    return "" if all(volume.strip() for volume in step.arguments) else "VOLUME has an empty path"


def _env(step: BuildStep) -> str:
    """Buildah writes it into the image, and Podman refuses to make a container of that."""
    return "" if all(step.arguments[::2]) else "ENV has an empty name"


def _expose(step: BuildStep) -> str:
    """Podman refuses to make a container of an image with another port."""
    for port in step.arguments if step.certain and not step.missing else ():
        match = _PORT.fullmatch(port)
        low, high = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not 1 <= low <= high <= 65535:
            return f"EXPOSE {port} is not a port such as 8080, 53/udp or 8000-8010"
    return ""


def _stopsignal(step: BuildStep) -> str:
    signal = step.arguments[0]
    if not step.certain or (signal.isdecimal() and int(signal[:9]) > 0):
        return ""
    name = signal.upper().removeprefix("SIG")
    known = name.partition("+")[0].partition("-")[0] in _SIGNALS.split()
    return "" if known else f"no signal is called {signal}"


def _healthcheck(step: BuildStep) -> str:
    kind, *command = step.arguments
    if kind.upper() == "NONE":
        return "HEALTHCHECK NONE takes no arguments" if command else ""
    if kind.upper() != "CMD":
        return f"HEALTHCHECK needs CMD or NONE, not {kind}"
    if not command:
        return "HEALTHCHECK CMD has no command"
    for name, value in step.flags.items():
        if name == "retries" and not (value.isdecimal() and int(value[:9]) > 0):
            return f"HEALTHCHECK --retries={value} is not a number above 0"
        timed = name in _HEALTH_FLAGS and name != "retries" and value
        if timed and not (_DURATION.fullmatch(value) and value.strip("+0.nµumsh")):
            return f"HEALTHCHECK --{name}={value} is not a duration such as 5s"
    return ""


def _files(step: BuildStep) -> str:
    mode = step.flags.get("chmod")
    if mode and step.certain and not re.fullmatch("[0-7]{1,11}", mode):
        return f"{step.keyword} --chmod={mode} is not an octal number such as 644"
    urls = [s for s in step.arguments[:-1] if s.startswith(("http://", "https://"))]
    if step.keyword == "COPY" and urls:
        return f"COPY does not download {urls[0]}; ADD does"
    return ""
