"""Containerfiles, read with Buildah's semantics: never an exception, always findings."""

from pipeline.spec.containerfile.model import (
    FILE_INSTRUCTIONS,
    Comment,
    Containerfile,
    Heredoc,
    Instruction,
    Stage,
    Word,
)
from pipeline.spec.containerfile.parse import KEYWORDS, parse

__all__ = [
    "FILE_INSTRUCTIONS",
    "KEYWORDS",
    "Comment",
    "Containerfile",
    "Heredoc",
    "Instruction",
    "Stage",
    "Word",
    "parse",
]
