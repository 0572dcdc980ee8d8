"""`invoke TASK`: the tasks of capas for the specs of this folder."""

from pipeline.tasks import namespace

__all__ = ["namespace"]
