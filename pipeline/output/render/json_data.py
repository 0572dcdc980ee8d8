"""A report for machines: its data, as JSON."""

from __future__ import annotations

import json
import re

from pipeline.output.document import Report
from pipeline.output.sanitize import HIDDEN


def render_json(report: Report) -> str:
    r"""The report's data, keys in their documented order, one final newline.

    Bytes of a file's name that are not UTF-8 are told as Python does, `\udcff` for 0xff.
    """
    text = json.dumps(report.data, indent=2, ensure_ascii=False) + "\n"
    return HIDDEN.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    """JSON's own escape: two for a character beyond the first plane (RFC 8259, 7)."""
    units = match[0].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
