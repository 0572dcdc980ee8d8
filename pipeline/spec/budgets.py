"""What a spec lets a version add: its `[x-report]`, as a value."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.lean_dataclasses import dataclass, field


@dataclass(frozen=True)
class Budgets:
    """Limits on layer reuse that `report` holds a version to.

    Attributes:
        max_new_bytes: of new layers against the version before, in bytes.
        min_shared_ratio: shared bytes over all bytes, 0 to 1.
        versions: stricter or looser budgets by `image:version`.
    """

    max_new_bytes: int | None = None
    min_shared_ratio: float | None = None
    versions: Mapping[str, Budgets] = field(default_factory=dict)
