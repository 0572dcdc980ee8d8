"""The Containerfile that Buildah is given: the user's own, and one LABEL at the end.

Labels given on Buildah's command line are no part of its cache key: a version whose instructions
are all cached would get the image, and so the labels, of another version. As an instruction they
are (docs/decisions: labels are an instruction). The LABEL comes last, so that it never parts two
versions that share layers.
"""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.engine import labels
from pipeline.errors import UsageError

_ESCAPED = str.maketrans({"\\": "\\\\", '"': '\\"', "$": "\\$"})


def label_instruction(labelled: Mapping[str, str]) -> str:
    """One LABEL instruction that sets all of `labelled` to exactly their values.

    Raises:
        UsageError: a value has a line break, which a Containerfile cannot say.
    """
    for name, value in labelled.items():
        if "\n" in value or "\r" in value:
            raise UsageError(
                f"the label {name} has a line break in its value",
                resolution="write it on one line: a Containerfile's LABEL ends with the line",
            )
    pairs = (f'"{_quoted(name)}"="{_quoted(value)}"' for name, value in sorted(labelled.items()))
    return f"LABEL {' '.join(pairs)}"


def is_label_instruction(text: str) -> bool:
    """Whether an instruction is the LABEL that `with_labels` adds."""
    return text.startswith('LABEL "') and f'"{labels.PIPELINE}"=' in text


def with_labels(text: str, end: int | None, labelled: Mapping[str, str]) -> str:
    """`text` with the labels set where the built stage ends.

    Args:
        text: of the user's Containerfile.
        end: how many of its lines belong to the built stage and those before it; None for all.
            What follows is left out: no instruction after the target is part of the build.
        labelled: the labels, by name.
    """
    lines = text.splitlines()
    kept = lines if end is None else lines[:end]
    return "\n".join([*kept, label_instruction(labelled), ""])


def _quoted(value: str) -> str:
    return value.translate(_ESCAPED)
