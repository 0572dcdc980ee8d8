"""Every interaction of the report page, in a real browser."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import OpenPage

pytestmark = pytest.mark.browser

HINT = "Point at a layer"


def blocks(page: Page, stack: str) -> Locator:
    return page.locator(f'.stack[aria-label="{stack}"] .block:visible')


def panel(page: Page) -> Locator:
    return page.locator(".panel")


def height(block: Locator) -> float:
    box = block.bounding_box()
    assert box is not None
    return box["height"]


def focused(page: Page) -> str:
    text: str = page.evaluate("document.activeElement.getAttribute('aria-label')")
    return text


def settled(page: Page) -> None:
    """Let transitions of heights end."""
    page.evaluate("Promise.all(document.getAnimations().map((one) => one.finished))")


def test_pointing_at_a_layer_tells_about_it_and_marks_it_in_every_version(
    open_page: OpenPage,
) -> None:
    page = open_page()
    expect(panel(page)).to_contain_text(HINT)
    main = blocks(page, "pytweets:1.0").nth(1)
    main.hover()
    expect(panel(page)).to_contain_text("COPY main.py /app")
    expect(panel(page)).to_contain_text("sha256:")
    expect(panel(page)).to_contain_text("pytweets:1.0, pytweets:1.1")
    expect(page.locator(".block.same:visible")).to_have_count(2)
    page.mouse.move(0, 0)
    expect(panel(page)).to_contain_text(HINT)
    expect(page.locator(".block.same")).to_have_count(0)


def test_a_new_layer_tells_why_it_is_new(open_page: OpenPage) -> None:
    page = open_page()
    blocks(page, "pytweets:1.2").nth(1).hover()
    expect(panel(page)).to_contain_text("/app/main.py changed: sha256:")


def test_a_click_keeps_a_layer_until_the_next_or_escape(open_page: OpenPage) -> None:
    page = open_page()
    main = blocks(page, "pytweets:1.1").nth(1)
    main.click()
    page.mouse.move(0, 0)
    page.locator("h1").click()
    expect(main).to_have_attribute("aria-pressed", "true")
    expect(panel(page)).to_contain_text("COPY main.py /app")
    other = blocks(page, "pytweets:1.2").nth(2)
    other.click()
    expect(main).to_have_attribute("aria-pressed", "false")
    other.press("Escape")
    expect(page.locator('.block[aria-pressed="true"]')).to_have_count(0)
    main.click()
    main.click()
    expect(main).to_have_attribute("aria-pressed", "false")


def test_the_keyboard_reaches_every_layer(open_page: OpenPage) -> None:
    page = open_page()
    page.locator("input[name=fold]").focus()
    page.keyboard.press("Tab")
    assert focused(page).startswith("python-base:3.11 (3 layers)")
    expect(panel(page)).to_contain_text("python-base:3.11")
    steps = {
        "ArrowRight": "python-base:3.11 (3 layers)",
        "ArrowUp": "COPY main.py /app, 10.8 kB",
        "End": "RUN rm /app/miclase.py",
        "ArrowDown": "COPY miclase.py /app",
        "ArrowLeft": "COPY miclase.py /app",
        "Home": "python-base:3.11 (3 layers)",
    }
    for key, label in steps.items():
        page.keyboard.press(key)
        assert focused(page).startswith(label), key
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowDown")
    assert focused(page).startswith("python-base:3.11 (3 layers)")
    page.keyboard.press("Enter")
    expect(page.locator(':focus[aria-pressed="true"]')).to_have_count(1)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.stacks')") is None


def test_heights_are_linear_on_demand(open_page: OpenPage) -> None:
    page = open_page()
    page.get_by_text("fold bases").click()
    settled(page)
    stack = blocks(page, "python-base:3.11")
    big, small = stack.nth(0), stack.nth(1)
    assert height(small) > height(big) / 4
    page.get_by_text("linear", exact=True).click()
    settled(page)
    assert height(small) < height(big) / 20
    assert height(small) >= 3
    page.get_by_text("log", exact=True).click()
    settled(page)
    assert height(small) > height(big) / 4


@pytest.mark.parametrize("scale", ["log", "linear"])
@pytest.mark.parametrize("width", [390, 1280])
def test_no_text_is_cut_through(open_page: OpenPage, width: int, scale: str) -> None:
    """A label ends with an ellipsis where it has no room, never in the middle of a line."""
    page = open_page(width=width, reduced_motion="reduce")
    page.get_by_text("fold bases").click()
    page.get_by_text(scale, exact=True).click()
    for text in page.locator(".block:visible span:visible").all():
        inside = text.evaluate(
            """(one) => {
              const [text, block] = [one, one.closest(".block")].map((x) =>
                x.getBoundingClientRect());
              return text.top >= block.top && text.bottom <= block.bottom;
            }"""
        )
        assert inside, text.text_content()


def test_a_base_folds_and_unfolds(open_page: OpenPage) -> None:
    page = open_page()
    stack = blocks(page, "pytweets:1.0")
    expect(stack).to_have_count(2)
    page.get_by_text("fold bases").click()
    expect(stack).to_have_count(4)
    expect(stack.nth(0)).to_have_attribute("aria-label", "ADD … / (40 files), 734 kB, shared")
    stack.nth(2).hover()
    expect(panel(page)).to_contain_text("RUN apt-get update")
    page.get_by_text("fold bases").click()
    expect(stack).to_have_count(2)
    expect(panel(page)).to_contain_text(HINT)


def test_the_files_of_a_layer_are_one_click_away(open_page: OpenPage) -> None:
    page = open_page()
    blocks(page, "pytweets:1.2").nth(1).click()
    page.get_by_role("link", name="Its files").click()
    opened = page.locator("details.tree[open]")
    expect(opened).to_have_count(1)
    expect(opened).to_contain_text("main.py")
    expect(opened).to_be_in_viewport()
    expect(opened.locator("> summary")).to_be_focused()
    opened.locator("> summary").press("Enter")
    expect(page.locator("details.tree[open]")).to_have_count(0)


def test_folders_of_a_tree_open_and_close(open_page: OpenPage) -> None:
    page = open_page()
    tree = page.locator("details.tree").first
    tree.locator("> summary").click()
    folder = tree.locator("details").first
    expect(tree).to_contain_text("and 10 smaller ones")
    leaf = folder.get_by_text("39.py")
    expect(leaf).to_be_hidden()
    folder.locator("> summary").click()
    expect(leaf).to_be_visible()


def test_the_picture_is_there_as_a_table_too(open_page: OpenPage) -> None:
    page = open_page()
    page.get_by_text("The same as a table").click()
    rows = page.locator(".legend tbody tr")
    expect(rows).to_have_count(6)
    expect(rows.nth(1)).to_contain_text("pytweets:1.0, pytweets:1.1")


def test_the_matrix_has_a_cell_for_every_pair(open_page: OpenPage) -> None:
    page = open_page()
    expect(page.locator(".heatmap .heat")).to_have_count(16)
    expect(page.locator(".heatmap .full")).to_have_count(1 + 2 + 3 + 2)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing(open_page: OpenPage, scheme: str, width: int) -> None:
    page = open_page(width=width, color_scheme=scheme, reduced_motion="reduce")
    for state in ("as it opens", "with all opened"):
        results: Any = Axe().run(page)
        assert results.violations_count == 0, f"{state}:\n{results.generate_report()}"
        page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        blocks(page, "pytweets:1.2").nth(1).click()
        page.get_by_text("linear", exact=True).click()


def test_dark_is_dark(open_page: OpenPage) -> None:
    def brightness(page: Page) -> int:
        colour: str = page.evaluate("getComputedStyle(document.body).backgroundColor")
        return sum(int(part) for part in colour.strip("rgb()").split(","))

    assert brightness(open_page(color_scheme="dark")) < 150
    assert brightness(open_page(color_scheme="light")) > 600


def test_without_a_script_everything_can_be_read(open_page: OpenPage) -> None:
    page = open_page(java_script_enabled=False)
    expect(page.locator(".block:visible")).to_have_count(4 + 6)
    expect(page.locator(".controls").first).to_be_hidden()
    page.get_by_text("The same as a table").click()
    expect(page.locator(".legend table")).to_be_visible()


def test_results_of_experiments_are_marked_by_more_than_colour(open_page: OpenPage) -> None:
    page = open_page()
    marks = page.locator("section", has_text="Experiments").last.locator(".mark")
    expect(page.get_by_text("refuted")).to_be_visible()
    assert marks.count() >= 3
    for name, sign in (("good", "✓"), ("bad", "✗"), ("warning", "!")):
        mark = page.locator(f".mark.{name}").first
        assert sign in mark.evaluate("(one) => getComputedStyle(one, '::before').content")
