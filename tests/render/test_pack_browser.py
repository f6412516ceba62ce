"""Every page of the pack in a browser that has no network: what a reader meets.

Nothing is asked for, nothing is cut off, every link leads somewhere, nobody is shut out, and it
prints. Skipped only where no Chromium is found and `REQUIRE_BROWSER` is not 1.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

REQUIRED = os.environ.get("REQUIRE_BROWSER") == "1"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WIDTHS = (1280, 768, 390)
GRAVE = {"serious", "critical"}

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser():
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        if REQUIRED:
            pytest.fail(f"a browser is required; none of {', '.join(NAMES)} is on PATH")
        pytest.skip("no Chromium found: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield running
        running.close()


def html_files(folder: Path) -> list[Path]:
    found = sorted(folder.glob("*.html"))
    assert {"index", "executive", "experiments", "governance"} <= {file.stem for file in found}
    assert sum(file.stem.startswith("campaign-") for file in found) == 7
    return found


def opened(browser, file: Path, width: int) -> Iterator:
    context = browser.new_context(viewport={"width": width, "height": 900}, offline=True)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_pages_ask_for_nothing_and_fit(browser, pages: Path, width: int) -> None:
    for file in html_files(pages):
        for page in opened(browser, file, width):
            asked: list[str] = []
            said: list[str] = []
            page.on("request", lambda r, asked=asked: asked.append(r.url))
            page.on("console", lambda m, said=said: said.append(m.text))
            page.on("pageerror", lambda e, said=said: said.append(str(e)))
            page.goto(file.as_uri())
            page.wait_for_load_state("networkidle")
            outside = [u for u in asked if u != file.as_uri() and not u.startswith("data:")]
            assert (file.name, outside, said) == (file.name, [], [])
            scroll = page.evaluate("document.documentElement.scrollWidth")
            assert (file.name, scroll) <= (file.name, width)
            assert page.evaluate("document.fonts.check('600 16px \"Source Sans Pro\"')"), file.name
            beyond = page.evaluate(
                """() => [...document.querySelectorAll('body *')].filter(e =>
                    !e.closest('.mk-scroll') && e.getBoundingClientRect().right > innerWidth + 1
                ).map(e => e.className || e.tagName)"""
            )
            assert (file.name, beyond) == (file.name, [])


def test_every_link_leads_somewhere(browser, pages: Path) -> None:
    for file in html_files(pages):
        for page in opened(browser, file, 1280):
            page.goto(file.as_uri())
            links = page.evaluate(
                "() => [...document.querySelectorAll('a[href]')].map(a => a.getAttribute('href'))"
            )
            ids = set(page.evaluate("() => [...document.querySelectorAll('[id]')].map(e => e.id)"))
            assert links, file.name
            dead = {
                link
                for link in links
                if not (
                    link[1:] in ids
                    if link.startswith("#")
                    else (pages / link.split("#")[0]).is_file()
                )
            }
            assert (file.name, dead) == (file.name, set())


@pytest.mark.parametrize("width", [1280, 390])
def test_nobody_is_shut_out(browser, pages: Path, width: int) -> None:
    from axe_playwright_python.sync_playwright import Axe

    for file in html_files(pages):
        for page in opened(browser, file, width):
            page.goto(file.as_uri())
            found = Axe().run(page).response["violations"]
            grave = {
                (v["id"], node["html"][:200], node.get("failureSummary", "")[:200])
                for v in found
                if v["impact"] in GRAVE
                for node in v["nodes"]
            }
            assert (file.name, grave) == (file.name, set())


def test_one_heading_leads_and_every_picture_has_a_name(browser, pages: Path) -> None:
    for file in html_files(pages):
        for page in opened(browser, file, 1280):
            page.goto(file.as_uri())
            unnamed = page.evaluate(
                """() => [...document.querySelectorAll('[role=img], [role=region], img')]
                    .filter(e => !(e.getAttribute('aria-label') || e.getAttribute('alt'))).length"""
            )
            heads = page.evaluate("document.querySelectorAll('h1').length")
            assert (file.name, unnamed, heads) == (file.name, 0, 1)


def test_printing_gives_no_blank_or_cut_page(browser, pages: Path, tmp_path: Path) -> None:
    import pdfplumber

    for file in html_files(pages):
        for page in opened(browser, file, 1280):
            page.goto(file.as_uri())
            page.pdf(path=str(tmp_path / "print.pdf"), format="A4")
        with pdfplumber.open(tmp_path / "print.pdf") as printed:
            for sheet in printed.pages:
                words = sheet.extract_words()
                where = f"{file.name}, sheet {sheet.page_number}"
                assert words, where
                cut = [w["text"] for w in words if w["x0"] < 0 or w["x1"] > sheet.width + 0.1]
                assert (where, cut) == (where, [])
