"""A headless Chromium and the report page in it, with everything that a page can hold."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from pipeline.output.render.html_page import render_html
from tests.browser import reports

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

OpenPage = Callable[..., Page]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield started
        started.close()


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the pages, each named after its report."""
    folder = tmp_path_factory.mktemp("pages")
    for report in (reports.everything, reports.many):
        page = folder / f"{report.__name__}.html"
        page.write_text(render_html(report()), encoding="utf-8")
    return folder


@pytest.fixture
def open_page(browser: Browser, pages: Path, request: pytest.FixtureRequest) -> OpenPage:
    """Opens the page; fails at the end on any console message, error, or request elsewhere."""

    def opened(
        width: int = 1280, height: int = 900, report: str = "everything", **options: Any
    ) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        page = context.new_page()
        troubles: list[str] = []
        page.on("console", lambda message: troubles.append(message.text))
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("request", lambda one: troubles.append(one.url) if _elsewhere(one.url) else None)
        page.goto((pages / f"{report}.html").as_uri())

        def close() -> None:
            if folder := os.environ.get("CAPAS_SCREENSHOTS"):
                page.screenshot(path=Path(folder, f"{request.node.name}.png"), full_page=True)
            context.close()
            assert troubles == []

        request.addfinalizer(close)
        return page

    return opened


def _elsewhere(url: str) -> bool:
    return not url.startswith(("file://", "data:"))
