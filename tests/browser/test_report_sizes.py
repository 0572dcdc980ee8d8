"""The report page on phones, on paper, and with more versions than fit."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import OpenPage

pytestmark = pytest.mark.browser

PHONE = {"has_touch": True, "is_mobile": True, "reduced_motion": "reduce"}
A4_WIDTH = 688
"""Pixels of an upright sheet between its margins: 210 mm - 2 * 14 mm."""


def edges(one: Locator) -> tuple[float, float]:
    """Where something begins and ends on the screen, from its top."""
    box = one.bounding_box()
    assert box is not None
    return box["y"], box["y"] + box["height"]


@pytest.mark.parametrize("width", [320, 390, 768, 1024, 1920])
@pytest.mark.parametrize("report", ["everything", "many"])
def test_the_page_never_scrolls_sideways(open_page: OpenPage, width: int, report: str) -> None:
    page = open_page(width=width, report=report)
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("report", ["everything", "many"])
def test_a_touched_layer_is_told_about_where_it_is_seen(open_page: OpenPage, report: str) -> None:
    page = open_page(width=390, height=664, report=report, **PHONE)
    panel = page.locator(".panel")
    expect(panel).to_contain_text("Touch a layer")
    page.locator(".stage").evaluate("(one) => one.scrollIntoView()")
    block = page.locator(".stack:nth-child(2) .block:visible").last
    block.tap()
    expect(panel).to_contain_text("diff_id")
    top, bottom = edges(panel)
    assert 664 / 2 <= top < bottom <= 664
    assert edges(block)[1] < top
    assert (panel.get_attribute("tabindex") == "0") == panel.evaluate(
        "(one) => one.scrollHeight > one.clientHeight"
    )
    block.tap()
    expect(panel).to_contain_text("Touch a layer")


def test_paper_gets_the_picture_without_the_switches(open_page: OpenPage) -> None:
    page = open_page(width=800, color_scheme="dark")
    page.emulate_media(media="print")
    expect(page.locator(".controls").first).to_be_hidden()
    expect(page.locator(".panel")).to_be_hidden()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    for block in page.locator(".block:visible").all():
        assert block.evaluate("(one) => getComputedStyle(one).printColorAdjust") == "exact"
    assert len(page.pdf()) > 10_000


@pytest.mark.parametrize("report", ["everything", "many"])
def test_nothing_is_cut_off_on_an_upright_sheet(open_page: OpenPage, report: str) -> None:
    page = open_page(width=A4_WIDTH, report=report)
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth") <= A4_WIDTH
    widths = page.locator(".stack").evaluate_all("(all) => all.map((one) => one.clientWidth)")
    assert max(widths) - min(widths) <= 1


def test_paper_has_the_table_and_the_screen_what_was_open(open_page: OpenPage) -> None:
    page = open_page()
    legend = page.locator(".legend table")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(legend).to_be_visible()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    expect(legend).to_be_hidden()


def test_a_layer_that_the_keyboard_reached_is_not_behind_the_panel(open_page: OpenPage) -> None:
    """A window of 1280 by 900 at 200 percent."""
    page = open_page(width=640, height=450, report="many", reduced_motion="reduce")
    page.locator('.block[tabindex="0"]').focus()
    for key in ("ArrowRight", "ArrowUp", "ArrowUp", "ArrowUp", "ArrowDown", "ArrowDown", "End"):
        page.keyboard.press(key)
        block = edges(page.locator(".block:focus"))
        panel = edges(page.locator(".panel"))
        assert block[0] >= 0, key
        assert block[1] <= panel[0] or panel[1] <= block[0], key
