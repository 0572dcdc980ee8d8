"""A family for machines. The names here are a promise: docs/report.md and its JSON Schema."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipeline.engine.storage import StoredLayer
from pipeline.layers.budget import BudgetVerdict
from pipeline.layers.cause import Cause
from pipeline.layers.chain import HistoryStep, VersionStack
from pipeline.layers.compare import Comparison, NewLayer
from pipeline.layers.contents import LayerContents
from pipeline.layers.family import Family

SCHEMA = 1
"""Raised when a name changes its meaning or goes; new names do not raise it."""


FILES_LISTED = 100
"""Files that are listed per layer, the biggest first; the counts are always of all."""


def family_data(family: Family, verdicts: Sequence[BudgetVerdict] = ()) -> dict[str, Any]:
    """The whole family as JSON values."""
    inside = {
        layer.id: found
        for version, contents in zip(family.versions, family.contents, strict=True)
        for layer, found in zip(version.layers, contents, strict=True)
    }
    return {
        "schema": SCHEMA,
        "driver": family.driver,
        "totals": {
            "versions": len(family.versions),
            "layers": len(family.layers),
            "sum_of_sizes": family.sum_of_sizes,
            "stored_bytes": family.stored_bytes,
            "disk_bytes": family.disk_bytes,
            "transfer_bytes": family.transfer(family.layers),
        },
        "versions": [
            _version(version, contents, family)
            for version, contents in zip(family.versions, family.contents, strict=True)
        ],
        "layers": [_layer(layer, inside[layer.id], family) for layer in family.layers],
        "comparisons": [_comparison(one, family) for one in family.comparisons],
        "matrix": [
            {
                "older": cell.older,
                "newer": cell.newer,
                "shared_layers": cell.layers,
                "shared_bytes": cell.shared_bytes,
                "shared_ratio": round(cell.ratio, 6),
            }
            for row in family.matrix
            for cell in row
        ],
        "budgets": [
            {
                "version": one.version,
                "against": one.against,
                "rule": one.rule,
                "limit": one.limit,
                "measured": round(one.measured, 6),
                "held": one.held,
            }
            for one in verdicts
        ],
    }


def _version(
    version: VersionStack, contents: Sequence[LayerContents], family: Family
) -> dict[str, Any]:
    return {
        "name": version.name,
        "id": version.image.id,
        "digest": version.image.digest,
        "size": version.size,
        "transfer_bytes": family.transfer(version.layers),
        "wasted_bytes": sum(one.wasted for one in contents),
        "base": {"name": version.base.name, "layers": version.base.layers},
        "steps": [_step(step) for step in version.steps],
    }


def _step(step: HistoryStep) -> dict[str, Any]:
    return {
        "instruction": str(step.instruction),
        "layer": step.layer.id if step.layer else None,
        "chain_id": step.chain_id or None,
    }


def _layer(layer: StoredLayer, contents: LayerContents, family: Family) -> dict[str, Any]:
    blob = family.blobs.get(layer.diff_id)
    return {
        "id": layer.id,
        "diff_id": layer.diff_id,
        "size": layer.size,
        "disk_bytes": family.disk.get(layer.id),
        "blob": {"digest": blob.digest, "size": blob.size, "source": blob.source} if blob else None,
        "versions": list(family.users[layer.id]),
        "added": contents.count("added"),
        "changed": contents.count("changed"),
        "removed": contents.count("removed"),
        "files": [
            {
                "path": f"/{one.path}",
                "effect": one.effect,
                "size": one.size,
                "covered": one.covered,
            }
            for one in contents.touched[:FILES_LISTED]
        ],
    }


def _comparison(comparison: Comparison, family: Family) -> dict[str, Any]:
    return {
        "older": comparison.older.name,
        "newer": comparison.newer.name,
        "shared_layers": len(comparison.shared),
        "shared_bytes": comparison.shared_bytes,
        "shared_ratio": round(comparison.shared_ratio, 6),
        "new_layers": len(comparison.new),
        "new_bytes": comparison.new_bytes,
        "dropped_layers": len(comparison.dropped),
        "dropped_bytes": comparison.dropped_bytes,
        "download_bytes": family.transfer(comparison.downloads),
        "configuration": list(comparison.configuration),
        "new": [_new_layer(new) for new in comparison.new],
    }


def _new_layer(new: NewLayer) -> dict[str, Any]:
    return {
        "layer": new.layer.id,
        "instruction": str(new.step.instruction),
        "size": new.layer.size,
        "downloaded": new.downloaded,
        "cause": _cause(new.cause),
    }


def _cause(cause: Cause) -> dict[str, Any]:
    return {
        "kind": cause.kind,
        "text": cause.text,
        "files": [
            {
                "path": f"/{change.path}",
                "aspect": change.aspect,
                "before": change.before,
                "after": change.after,
            }
            for change in cause.files
        ],
    }
