"""A headless Chromium and the report page in it, with everything that a page can hold."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from pipeline.layers.budget import Verdict
from pipeline.layers.present import present_family
from pipeline.report.render_html import render_html
from pipeline.report.words import Listing, Mark, Paragraph, Report, Section, Table
from tests.unit.layers.builders import World, file, gone

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
COPY = "/bin/sh -c #(nop) COPY file:0123456789abcdef in /app "

OpenPage = Callable[..., Page]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield started
        started.close()


@pytest.fixture(scope="session")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of a base and three versions, with results of experiments, as a file."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(render_html(_report()), encoding="utf-8")
    return path


@pytest.fixture
def open_page(browser: Browser, page_file: Path, request: pytest.FixtureRequest) -> OpenPage:
    """Opens the page; fails at the end on any console message, error, or request elsewhere."""

    def opened(width: int = 1280, height: int = 900, **options: Any) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        page = context.new_page()
        troubles: list[str] = []
        page.on("console", lambda message: troubles.append(message.text))
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("request", lambda one: troubles.append(one.url) if _elsewhere(one.url) else None)
        page.goto(page_file.as_uri())

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


def _report() -> Report:
    world = World()
    python = [file(f"usr/lib/python/{n}.py", "p" * (900 * n)) for n in range(40)]
    base = world.image(
        "localhost/python-base:3.11",
        ("/bin/sh -c #(nop) ADD file:0123456789abcdef in /", python),
        ("/bin/sh -c busybox --install", [file("bin/sh", "s" * 3000)]),
        ("/bin/sh -c apt-get update && rm -rf /var/lib/apt", [file("etc/x"), gone("usr/lib/y")]),
    )
    main, other = file("app/main.py", "1" * 9000), file("app/main.py", "2" * 8000)
    small = file("app/miclase.py", "3")
    one = world.image("localhost/pytweets:1.0", (COPY, [main]), base=base)
    two = world.image("localhost/pytweets:1.1", (COPY, [main]), (COPY, [small]), base=base)
    three = world.image(
        "localhost/pytweets:1.2",
        (COPY, [other]),
        (COPY, [small]),
        ("/bin/sh -c rm /app/miclase.py", [gone("app/miclase.py")]),
        base=base,
        config={"Env": ["A=b"]},
    )
    verdicts = (
        Verdict("pytweets:1.1", "pytweets:1.0", "max_new_bytes", 9000.0, 2048.0, held=True),
        Verdict("pytweets:1.2", "pytweets:1.1", "min_shared_ratio", 0.99, 0.9, held=False),
    )
    report = present_family(
        world.family(base, one, two, three),
        "Layers of pytweets",
        world.lists,
        verdicts=verdicts,
        files=30,
    )
    rows = (
        ("Removing a container loses its write layer", Mark("held", "good")),
        ("A volume survives its container", Mark("refuted", "bad")),
        ("Pause keeps the write layer", Mark("not possible here", "warning")),
    )
    experiments = Report(
        "Experiments",
        "Three sentences of the model, tried on real containers.",
        (
            Section("Lifecycle", (Table(("sentence", "result"), rows),)),
            Section("A proposal", (Listing("-COPY . /app\n+COPY lib /app\n kept", "diff"),)),
            Paragraph("One did not hold.", "bad"),
            Paragraph("The driver is vfs.", "warning"),
        ),
    )
    return report.with_section(experiments, "verify")
