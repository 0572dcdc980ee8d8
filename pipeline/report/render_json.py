"""A report for machines: its data, as JSON."""

from __future__ import annotations

import json

from pipeline.report.words import Report


def render_json(report: Report) -> str:
    r"""The report's data, keys in their documented order, one final newline.

    Bytes of a file's name that are no UTF-8 are told as Python does, `\udcff` for 0xff.
    """
    text = json.dumps(report.data, indent=2, ensure_ascii=False) + "\n"
    return text.encode("utf-8", "backslashreplace").decode()
