"""The Containerfile that Buildah is given: the user's own, and what its cache key lacks.

Labels given on Buildah's command line are no part of its cache key: a version whose instructions
are all cached would get the image, and so the labels, of another version. As an instruction they
are. The LABEL comes last, so that it never parts two versions that share layers.

The values of build arguments are no part of the cache key either, RUN aside: `ARG COLOUR` and
`ENV X=$COLOUR` are cached under any value. The image would have been made from images with another
value, its history would name them, and its id would tell what else this store has built. So each
ARG is followed by a LABEL of the values that hold from there on.
"""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.build.context.inputs import Inputs
from pipeline.engine import labels
from pipeline.errors import UsageError
from pipeline.spec.containerfile import Stage
from pipeline.spec.containerfile.lines import CONTINUED

_ESCAPED = str.maketrans({"\\": "\\\\", '"': '\\"', "$": "\\$"})


def label_instruction(labelled: Mapping[str, str], escape: str = "\\") -> str:
    """One LABEL instruction that sets all of `labelled` to exactly their values.

    Args:
        labelled: the labels, by name.
        escape: the escape character of the Containerfile, a backslash or a backtick.

    Raises:
        UsageError: a value has a line break, which a Containerfile cannot say.
    """
    for name, value in labelled.items():
        if "\n" in value or "\r" in value:
            raise UsageError(
                f"the label {name} has a line break in its value",
                resolution="write it on one line: a Containerfile's LABEL ends with the line",
            )
    quoted = _in_double_quotes if escape == "\\" else _without_escapes
    pairs = (f"{quoted(name)}={quoted(value)}" for name, value in sorted(labelled.items()))
    return f"LABEL {' '.join(pairs)}"


def _in_double_quotes(value: str) -> str:
    return f'"{value.translate(_ESCAPED)}"'


def _without_escapes(value: str) -> str:
    """A value in quotes, for a file whose escape character is a backtick.

    Buildah cuts words with that one and then takes quotes off with a backslash all the same
    (openshift/imagebuilder 1.2.3 and 1.2.15, `shell_parser.go`): no escape means one thing.
    """
    if not set(value) & set('\\`$"'):
        return f'"{value}"'
    return "'" + value.replace("'", "'\"'\"'") + "'"


def arguments_instruction(given: Mapping[str, str], escape: str = "\\") -> str:
    """The LABEL after an ARG: the values of the arguments."""
    values = " ".join(f"{name}={value}" for name, value in sorted(given.items()))
    return label_instruction({labels.ARGUMENTS: " ".join(values.split())}, escape)


def is_ours(text: str) -> bool:
    """Whether an instruction is one that capas adds."""
    known = f'"{labels.PIPELINE}"=' in text or f'"{labels.ARGUMENTS}"=' in text
    return text.startswith('LABEL "') and known


def written(inputs: Inputs, labelled: Mapping[str, str]) -> str:
    """The Containerfile of a build.

    What follows the target is left out: no instruction after it is part of the build.

    Args:
        inputs: of the build.
        labelled: the labels of the image, by name.

    Raises:
        UsageError: the last line ends with a backslash, and would take our LABEL for its own.
    """
    escape = inputs.containerfile.escape
    added: dict[int, list[str]] = {}
    for (stage, place), given in inputs.arguments.items():
        instruction = inputs.containerfile.stages[stage].instructions[place]
        added[instruction.end_line] = [arguments_instruction(given, escape)]
    last = end_of(inputs.stages[-1])
    added.setdefault(last, []).append(label_instruction(labelled, escape))
    kept: list[str] = []
    for number, line in enumerate(inputs.text.split("\n")[:last], 1):
        if number in added:
            # A continuation that nothing follows would take our line for its own.
            kept += [_whole(line, escape), *added[number]]
        else:
            kept.append(line)
    return "\n".join([*kept, ""])


def _whole(line: str, escape: str) -> str:
    """The last line of an instruction, without a continuation that nothing follows."""
    ended = CONTINUED[escape].sub("", line.removesuffix("\r"))
    if CONTINUED[escape].search(ended):
        raise UsageError(
            f"the last line of the Containerfile ends with two `{escape}`",
            details="the LABEL that capas adds below it would become a part of it",
            resolution="write the instruction as a JSON list, or another instruction below it",
        )
    return ended


def end_of(stage: Stage) -> int:
    """The last line of a stage."""
    return (stage.instructions or (stage.origin,))[-1].end_line
