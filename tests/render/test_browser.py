"""The page in a browser that has no network: nothing asked for, no error, nothing cut off.

Skipped only where no Chromium is found and `REQUIRE_BROWSER` is not 1.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

REQUIRED = os.environ.get("REQUIRE_BROWSER") == "1"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

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


@pytest.mark.parametrize("width", [1280, 768, 390])
def test_the_page_asks_for_nothing_and_fits(browser, pages: Path, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, offline=True)
    page = context.new_page()
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda r: asked.append(r.url))
    page.on("console", lambda m: said.append(m.text))
    page.on("pageerror", lambda e: said.append(str(e)))
    file = (pages / "executive.html").as_uri()
    page.goto(file)
    page.wait_for_load_state("networkidle")
    assert [url for url in asked if url != file and not url.startswith("data:")] == []
    assert said == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("document.fonts.check('600 16px \"Source Sans Pro\"')")
    outside = page.evaluate(
        """() => [...document.querySelectorAll('body *')].filter(e =>
            !e.closest('.mk-scroll') && e.getBoundingClientRect().right > innerWidth + 1
        ).map(e => e.className || e.tagName)"""
    )
    assert outside == []
    context.close()


def test_every_picture_and_region_has_a_name(browser, pages: Path) -> None:
    page = browser.new_page()
    page.goto((pages / "executive.html").as_uri())
    unnamed = page.evaluate(
        """() => [...document.querySelectorAll('[role=img], [role=region], [role=group], img')]
            .filter(e => !(e.getAttribute('aria-label') || e.getAttribute('alt'))).length"""
    )
    assert unnamed == 0
    assert page.evaluate("document.querySelectorAll('h1').length") == 1
    page.close()


def test_printing_gives_no_blank_page(browser, pages: Path, tmp_path: Path) -> None:
    import pdfplumber

    page = browser.new_page()
    page.goto((pages / "executive.html").as_uri())
    page.pdf(path=str(tmp_path / "print.pdf"), format="A4")
    with pdfplumber.open(tmp_path / "print.pdf") as file:
        for sheet in file.pages:
            words = sheet.extract_words()
            assert words
            assert all(w["x1"] <= sheet.width and w["x0"] >= 0 for w in words)
    page.close()
