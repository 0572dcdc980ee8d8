"""The collection of `pipeline.tasks`, for `invoke TASK` in a checkout."""

from pipeline.tasks import namespace

__all__ = ["namespace"]
