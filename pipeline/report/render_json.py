"""A report for machines: its data, as JSON."""

from __future__ import annotations

import json

from pipeline.report.words import Report


def render_json(report: Report) -> str:
    """The report's data, keys in their documented order, one final newline."""
    return json.dumps(report.data, indent=2, ensure_ascii=False) + "\n"
