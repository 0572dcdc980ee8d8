"""One report, the format that the user named, standard output."""

from __future__ import annotations

import os
import sys

from pipeline.output.document import Report
from pipeline.output.encoding import say_in_utf8
from pipeline.output.sanitize import sanitized


def render(report: Report, format_name: str) -> None:
    """Write a report to standard output.

    Args:
        format_name: `text`, `json`, `md`, `html` or `svg`.
    """
    text = rendered(report, format_name)
    if format_name != "text":
        say_in_utf8()
    sys.stdout.write(text)


def rendered(report: Report, format_name: str) -> str:
    """A report as text in a format; a renderer is imported only when it is used."""
    if format_name == "json":
        from pipeline.output.render.json_data import render_json  # noqa: PLC0415 (see above)

        return render_json(report)
    report = sanitized(report)
    if format_name == "html":
        from pipeline.output.render.html_page import render_html  # noqa: PLC0415

        return render_html(report)
    if format_name == "svg":
        from pipeline.output.render.svg_image import render_svg  # noqa: PLC0415

        return render_svg(report)
    if format_name == "md":
        from pipeline.output.render.markdown import render_markdown  # noqa: PLC0415

        return render_markdown(report)
    from pipeline.output.output_filter import escape_for  # noqa: PLC0415
    from pipeline.output.paint import colours_wanted  # noqa: PLC0415
    from pipeline.output.render.plain_text import render_text  # noqa: PLC0415

    width = min(_terminal_columns(), 120)
    colours, escape = colours_wanted(sys.stdout), escape_for(sys.stdout)
    return render_text(report, width=width, colours=colours, escape=escape)


def _terminal_columns() -> int:
    """As `shutil.get_terminal_size`, whose import brings three compressions: 1.5 to 3.6 ms."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns):
        return int(columns)
    try:
        return os.get_terminal_size(sys.__stdout__.fileno()).columns or 80  # type: ignore[union-attr]
    except (AttributeError, ValueError, OSError):
        return 80
