"""Reports as files: in the format that the file's ending names, whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from pipeline.output.document import Report
from pipeline.output.render.report import rendered


def write_report(report: Report, path: Path) -> None:
    """Write a report; a reader never sees half of it.

    Args:
        path: its ending is the format's name, such as `.html` or `.md`.

    Raises:
        OSError: the folder cannot be written.
    """
    text = rendered(report, path.suffix.removeprefix("."))
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, scratch = tempfile.mkstemp(prefix=".report-", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(scratch).chmod(0o644)
        Path(scratch).replace(path)
    except BaseException:
        Path(scratch).unlink(missing_ok=True)
        raise
