"""The rules for Containerfiles: CAP200 to CAP299."""

from pipeline.spec.lint.containerfiles import (
    lint_containerfile,
    lint_pipeline,
    read_containerfile,
    target_problems,
)
from pipeline.spec.lint.subject import Published

__all__ = [
    "Published",
    "lint_containerfile",
    "lint_pipeline",
    "read_containerfile",
    "target_problems",
]
