"""A report as one self-contained HTML page: for a browser, a printer, a screen reader."""

from __future__ import annotations

import itertools
import re
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pipeline.output.document import Report, Stacks
from pipeline.output.number_format import is_number, is_numeric, show_cell, show_share
from pipeline.output.render.file_tree import grow
from pipeline.output.render.picture_layout import Drawing, anchor, draw

_TEMPLATES = Path(__file__).parent / "templates"


def render_html(report: Report) -> str:
    """The page. It asks for nothing from the network and says so to the browser."""
    numbers = itertools.count(1)

    def drawn(picture: Stacks) -> Drawing:
        return draw(picture, next(numbers))

    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            report=report,
            css=Markup(_text("report.css")),  # noqa: S704 (our own file, and no markup in it)
            script=Markup(_text("report.js")),  # noqa: S704 (likewise)
            draw=drawn,
        )
    )


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=False,
        keep_trailing_newline=True,
    )
    environment.globals.update(
        kind_of=lambda value: type(value).__name__,
        show_cell=show_cell,
        show_share=show_share,
        is_number=is_number,
        is_numeric=is_numeric,
        heat=_heat,
        anchor=anchor,
        grow=grow,
    )
    return environment


def _text(name: str) -> str:
    text = _TEMPLATES.joinpath(name).read_text(encoding="utf-8")
    return re.sub(r"\n{2,}", "\n", text).strip()


def _heat(ratio: float) -> int:
    """How much accent a cell of a heat map has, in percent; pale enough for dark text on all.

    Only the whole is quite dark: versions that share a large base differ in the last percent.
    """
    return 42 if ratio == 1 else round(4 + ratio * 22)
