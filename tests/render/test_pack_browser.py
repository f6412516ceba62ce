"""Every page of the pack in a browser that has no network: what a reader meets.

Nothing is asked for, nothing is cut off, every link leads somewhere, nobody is shut out, and it
prints. Skipped only where no Chromium is found and `REQUIRE_BROWSER` is not 1.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

REQUIRED = os.environ.get("REQUIRE_BROWSER") == "1"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WIDTHS = (1280, 768, 390)
GRAVE = {"serious", "critical"}
READABLE = 9.5  # pixels on the screen: the smallest letters of a chart

# What a box cuts off, and what of a table or chart is laid out as it should not be.
CUT = """() => [...document.querySelectorAll('.mk-scroll, .mk-picture, figure')]
    .filter(e => e.scrollWidth > e.clientWidth)
    .map(e => [e.closest('[id]').id, e.scrollWidth, e.clientWidth])"""
WORDS = """() => [...document.querySelectorAll('.mk-picture text')]
    .filter(e => e.checkVisibility() && e.textContent)
    .map(e => {
        const box = e.getBoundingClientRect(), frame = e.ownerSVGElement.getBoundingClientRect();
        const size = parseFloat(getComputedStyle(e).fontSize) * Math.abs(e.getScreenCTM().d
            || e.getScreenCTM().b);
        const inside = box.left >= frame.left - 1 && box.right <= frame.right + 1
            && frame.right <= innerWidth;
        return [e.closest('[id]').id, e.textContent, size, inside];
    })"""
PICTURES = """() => [...document.querySelectorAll('.mk-picture')].map(e =>
    [...e.querySelectorAll('svg')].filter(svg => svg.checkVisibility())
        .map(svg => svg.parentElement.className).join())"""
LAYOUT = """() => [...new Set([...document.querySelectorAll('.gt_table :is(tr, td)')]
    .map(e => e.tagName + ' ' + getComputedStyle(e).display))].sort()"""
LABELS = """() => [...document.querySelectorAll('.gt_table')].flatMap(table => {
    const heads = [...table.tHead.querySelectorAll('th')].map(head => head.textContent);
    const made = [...table.querySelectorAll('td')].map((cell, i) => [
        heads[i % heads.length], cell.dataset.label, cell.getAttribute('role'),
        getComputedStyle(cell, '::before').content]);
    return [...new Set(made.map(x => JSON.stringify(x)))].map(x => JSON.parse(x))
})"""

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


def test_no_table_or_chart_is_cut_off(browser, pages: Path) -> None:
    for file in html_files(pages):
        for page in opened(browser, file, 1280):
            page.goto(file.as_uri())
            for width in (1280, 768, 390, 360):
                page.set_viewport_size({"width": width, "height": 900})
                where = (file.name, width)
                assert (where, page.evaluate(CUT)) == (where, [])
                words = page.evaluate(WORDS)
                assert (where, [word for word in words if word[2] < READABLE]) == (where, [])
                assert (where, [word for word in words if not word[3]]) == (where, [])
                shown = set(page.evaluate(PICTURES))
                assert shown <= {"mk-narrow" if width < 700 else "mk-broad"}, where


def test_a_phone_stacks_each_row_and_nothing_else_does(browser, pages: Path) -> None:
    whole = ["TD table-cell", "TR table-row"]
    for file in html_files(pages):
        for page in opened(browser, file, 390):
            page.goto(file.as_uri())
            labels = page.evaluate(LABELS)
            assert (file.name, [x for x in labels if x[0] != x[1]]) == (file.name, [])
            unsaid = [
                label
                for _, label, role, said in labels
                if role == "cell" and not said.startswith(f'"{label}"')
            ]
            assert (file.name, unsaid) == (file.name, [])
            if labels:
                assert page.evaluate(LAYOUT) == ["TD block", "TD grid", "TR flex"], file.name
            page.emulate_media(media="print")
            assert set(page.evaluate(PICTURES)) <= {"mk-broad"}, file.name
            assert page.evaluate(LAYOUT) == whole * bool(labels), file.name
            page.emulate_media(media="screen")
            page.set_viewport_size({"width": 1280, "height": 900})
            assert page.evaluate(LAYOUT) == whole * bool(labels), file.name
            assert {said for *_, said in page.evaluate(LABELS)} <= {"none"}, file.name


def test_a_stacked_table_stays_one_to_who_hears_the_page(browser, pages: Path) -> None:
    heard = []
    for width in (1280, 390):
        for page in opened(browser, pages / "executive.html", width):
            page.goto((pages / "executive.html").as_uri())
            tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")
            heard.append(Counter(n["role"]["value"] for n in tree["nodes"] if not n["ignored"]))
    parts = ("table", "rowgroup", "row", "columnheader", "rowheader", "cell", "image")
    broad, narrow = ({part: roles[part] for part in parts} for roles in heard)
    assert narrow == broad
    assert all(count > 10 for part, count in broad.items() if part != "table"), broad


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
