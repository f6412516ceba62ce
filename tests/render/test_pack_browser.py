"""Every page of the pack in a browser that has no network: what a reader meets.

Nothing is asked for, nothing is cut off, every link leads somewhere, nobody is shut out, and it
prints. Each page is visited once, and what was seen is judged by the tests. Skipped only where no
Chromium is found and `REQUIRE_BROWSER` is not 1.
"""

from __future__ import annotations

import io
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pdfplumber
import pytest

REQUIRED = os.environ.get("REQUIRE_BROWSER") == "1"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WIDTHS = (1280, 768, 390, 360)
PHONE, DESK = 390, 1280
GRAVE = {"serious", "critical"}
READABLE = 9.5  # pixels on the screen: the smallest letters of a chart

OPEN = "() => document.querySelectorAll('details').forEach(fold => { fold.open = true; })"
# What a box cuts off, and what of a table or chart is laid out as it should not be.
CUT = """() => [...document.querySelectorAll('.mk-scroll, .mk-picture, figure')]
    .filter(e => e.scrollWidth > e.clientWidth)
    .map(e => [e.closest('[id]').id, e.scrollWidth, e.clientWidth])"""
BEYOND = """() => [...document.querySelectorAll('body *')].filter(e =>
    !e.closest('.mk-scroll') && e.getBoundingClientRect().right > innerWidth + 1
).map(e => e.className || e.tagName)"""
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
UNNAMED = """() => [...document.querySelectorAll('[role=img], [role=region], [role=group], img')]
    .filter(e => !(e.getAttribute('aria-label') || e.getAttribute('alt'))).length"""

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


@contextmanager
def opened(browser, file: Path, width: int, **options: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": width, "height": 844}, offline=True, **options)
    page = context.new_page()
    page.goto(file.as_uri())
    yield page
    context.close()


def visited(browser, file: Path) -> dict[str, Any]:
    """What a page shows at every width, on paper, to a screen reader, and what it asked for."""
    from axe_playwright_python.sync_playwright import Axe

    asked: list[str] = []
    said: list[str] = []
    context = browser.new_context(viewport={"width": DESK, "height": 900}, offline=True)
    page = context.new_page()
    page.on("request", lambda r: asked.append(r.url))
    page.on("console", lambda m: said.append(m.text))
    page.on("pageerror", lambda e: said.append(str(e)))
    page.goto(file.as_uri())
    page.wait_for_load_state("networkidle")
    folded = page.evaluate("document.querySelectorAll('details:not([open])').length")
    printed = page.pdf(format="A4")
    page.evaluate(OPEN)
    seen: dict[str, Any] = {"printed": printed, "folded": folded, "widths": {}, "axe": {}}
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        seen["widths"][width] = {
            "scroll": page.evaluate("document.documentElement.scrollWidth"),
            **{
                name: page.evaluate(script)
                for name, script in (
                    *(("beyond", BEYOND), ("cut", CUT), ("words", WORDS), ("labels", LABELS)),
                    *(("pictures", PICTURES), ("layout", LAYOUT)),
                )
            },
        }
        if width in (DESK, PHONE):
            found = Axe().run(page).response["violations"]
            seen["axe"][width] = [
                (v["id"], node["html"][:200], node.get("failureSummary", "")[:200])
                for v in found
                if v["impact"] in GRAVE
                for node in v["nodes"]
            ]
    page.emulate_media(media="print")
    seen["print"] = {"pictures": page.evaluate(PICTURES), "layout": page.evaluate(LAYOUT)}
    seen |= {
        "asked": [u for u in asked if u != file.as_uri() and not u.startswith("data:")],
        "said": said,
        "font": page.evaluate("document.fonts.check('600 16px \"Source Sans Pro\"')"),
        "unnamed": page.evaluate(UNNAMED),
        "heads": page.evaluate("document.querySelectorAll('h1').length"),
        "mains": page.evaluate("document.querySelectorAll('main').length"),
        "links": page.evaluate(
            "() => [...document.querySelectorAll('a[href]')].map(a => a.getAttribute('href'))"
        ),
        "ids": page.evaluate("() => [...document.querySelectorAll('[id]')].map(e => e.id)"),
    }
    context.close()
    return seen


@pytest.fixture(scope="module")
def seen(browser, pages: Path) -> dict[str, dict[str, Any]]:
    return {file.stem: visited(browser, file) for file in html_files(pages)}


def test_pages_ask_for_nothing_and_fit(seen) -> None:
    for name, page in seen.items():
        assert (name, page["asked"], page["said"], page["font"]) == (name, [], [], True)
        for width, shown in page["widths"].items():
            assert (name, width, shown["beyond"]) == (name, width, [])
            assert shown["scroll"] <= width, (name, width)


def test_no_table_or_chart_is_cut_off(seen) -> None:
    for name, page in seen.items():
        for width, shown in page["widths"].items():
            where = (name, width)
            assert (where, shown["cut"]) == (where, [])
            assert (where, [word for word in shown["words"] if word[2] < READABLE]) == (where, [])
            assert (where, [word for word in shown["words"] if not word[3]]) == (where, [])
            drawn = {"mk-narrow" if width < 700 else "mk-broad"}
            assert set(shown["pictures"]) <= drawn, where


def test_a_phone_stacks_each_row_and_nothing_else_does(seen) -> None:
    whole = ["TD table-cell", "TR table-row"]
    for name, page in seen.items():
        phone, desk = page["widths"][PHONE], page["widths"][DESK]
        labels = phone["labels"]
        assert (name, [x for x in labels if x[0] != x[1]]) == (name, [])
        unsaid = [
            label
            for _, label, role, said in labels
            if role == "cell" and not said.startswith(f'"{label}"')
        ]
        assert (name, unsaid) == (name, [])
        if labels:
            assert phone["layout"] == ["TD block", "TD grid", "TR flex"], name
        assert set(page["print"]["pictures"]) <= {"mk-broad"}, name
        assert page["print"]["layout"] == desk["layout"] == whole * bool(labels), name
        assert {said for *_, said in desk["labels"]} <= {"none"}, name


def test_a_stacked_table_stays_one_to_who_hears_the_page(browser, pages: Path) -> None:
    heard = []
    for width in (DESK, PHONE):
        with opened(browser, pages / "executive.html", width) as page:
            tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")
            heard.append(Counter(n["role"]["value"] for n in tree["nodes"] if not n["ignored"]))
    parts = ("table", "rowgroup", "row", "columnheader", "rowheader", "cell", "image")
    broad, narrow = ({part: roles[part] for part in parts} for roles in heard)
    assert narrow == broad
    assert all(count > 10 for part, count in broad.items() if part != "table"), broad


def test_every_link_leads_somewhere(seen, pages: Path) -> None:
    for name, page in seen.items():
        ids = set(page["ids"])
        assert page["links"], name
        dead = {
            link
            for link in page["links"]
            if not (
                link[1:] in ids if link.startswith("#") else (pages / link.split("#")[0]).is_file()
            )
        }
        assert (name, dead) == (name, set())


def test_nobody_is_shut_out(seen) -> None:
    for name, page in seen.items():
        assert (name, page["axe"]) == (name, {DESK: [], PHONE: []})
        assert (name, page["unnamed"], page["heads"], page["mains"]) == (name, 0, 1, 1)


def test_printing_gives_no_blank_or_cut_page_and_opens_every_fold(seen) -> None:
    for name, page in seen.items():
        words: list[str] = []
        with pdfplumber.open(io.BytesIO(page["printed"])) as printed:
            for sheet in printed.pages:
                held = sheet.extract_words()
                where = f"{name}, sheet {sheet.page_number}"
                assert held, where
                cut = [w["text"] for w in held if w["x0"] < 0 or w["x1"] > sheet.width + 0.1]
                assert (where, cut) == (where, [])
                words += [w["text"] for w in held]
        assert page["folded"] > 0, name
        assert "definition" in " ".join(words).lower() or "From" in words, name
        assert "From" in words, name  # an entry of the folded appendix


def test_any_section_is_two_taps_away_on_a_phone(browser, pages: Path) -> None:
    for name in ("executive", "governance", "campaign-camp-001"):
        with opened(browser, pages / f"{name}.html", PHONE, has_touch=True) as page:
            links = page.locator(".mk-nav ol a")
            assert not links.first.is_visible()
            for i in range(links.count()):
                page.locator("#mk-bar a", has_text="Contents").tap()
                assert links.nth(i).is_visible()
                target = links.nth(i).get_attribute("href")
                links.nth(i).tap()
                assert not links.nth(i).is_visible(), target
                top = page.evaluate(
                    "id => document.getElementById(id).getBoundingClientRect().top", target[1:]
                )
                most = page.evaluate("innerHeight")
                assert -1 < top < most, (name, target, top)
            page.locator("#mk-bar a", has_text="Cover").tap()
            page.wait_for_url("**/index.html")


def test_without_script_a_page_says_the_same(browser, pages: Path) -> None:
    words = []
    for script in (True, False):
        with opened(browser, pages / "governance.html", PHONE, java_script_enabled=script) as page:
            page.locator("#mk-bar a", has_text="Contents").click()
            assert page.locator(".mk-nav ol a").first.is_visible()
            text = "() => { document.querySelectorAll('.mk-tools').forEach(e => e.remove());"
            text += f"({OPEN})(); return document.body.innerText.split(/\\s+/).join(' '); }}"
            words.append(page.evaluate(text))
    assert words[0] == words[1]


def test_the_keyboard_reaches_every_fold_sort_and_link(browser, pages: Path) -> None:
    focusable = ".mk-fold > summary, .mk-readout > summary, .mk-sort, .mk-tools input, a[href]"
    reached = """() => { const e = document.activeElement; e.dataset.reached = 'yes';
        const style = getComputedStyle(e);
        return e === document.body || style.outlineStyle !== 'none'; }"""
    for width in (DESK, PHONE):
        with opened(browser, pages / "experiments.html", width) as page:
            page.evaluate(OPEN)
            wanted = page.evaluate(
                "chosen => [...document.querySelectorAll(chosen)].filter(e => e.checkVisibility())"
                ".length",
                focusable,
            )
            unseen = 0
            for _ in range(wanted + 150):
                page.keyboard.press("Tab")
                unseen += not page.evaluate(reached)
                if page.evaluate("document.activeElement === document.body"):
                    break
            missed = page.evaluate(
                "chosen => [...document.querySelectorAll(chosen)]"
                ".filter(e => e.checkVisibility() && !e.dataset.reached).map(e => e.outerHTML)",
                focusable,
            )
            assert (width, missed, unseen) == (width, [], 0)


def test_a_table_sorts_and_filters(browser, pages: Path) -> None:
    with opened(browser, pages / "governance.html", DESK) as page:
        table = page.locator("#budget-ledger-block")
        table.locator("summary").focus()
        page.keyboard.press("Enter")
        head = table.locator("th", has_text="Amount")
        amounts = "es => es.map(e => Number(e.value))"
        cells = table.locator("td[data-label=Amount] data")
        for sort, reverse in (("ascending", False), ("descending", True)):
            head.locator("button").focus()
            page.keyboard.press("Enter")
            assert head.get_attribute("aria-sort") == sort
            held = cells.evaluate_all(amounts)
            assert held == sorted(held, reverse=reverse)
            assert len(held) == 13
        assert page.locator("[aria-sort=descending]").count() == 1
        table.locator("input").fill("no such move")
        assert table.locator("tbody tr:visible").count() == 0
        assert table.get_by_role("status").inner_text() == "0 of 13 rows"
        table.locator("input").fill("")
        assert table.locator("tbody tr:visible").count() == 13


def test_what_is_looked_for_opens_its_fold(browser, pages: Path) -> None:
    with opened(browser, pages / "executive.html", DESK) as page:
        figure = page.locator(".mk-card .mk-figure").first
        entry = figure.get_attribute("href")
        figure.click()
        assert page.locator(f"[id='{entry[1:]}']").is_visible()


def test_the_marks_of_a_chart_tell_their_values(browser, pages: Path) -> None:
    with opened(browser, pages / "executive.html", DESK) as page:
        block = page.locator("#spend-and-value-block")
        mark, tip = block.locator(".mk-broad [data-says]").first, page.locator(".mk-tip:visible")
        says = mark.get_attribute("data-says")
        assert says.startswith("Spring Trial Drive: spend $27,084, value ")
        assert tip.count() == 0
        mark.hover()
        assert tip.inner_text() == says
        page.keyboard.press("Escape")
        assert tip.count() == 0
        block.locator(".mk-picture").focus()
        page.keyboard.press("ArrowRight")
        assert tip.inner_text() == says
        page.keyboard.press("ArrowLeft")
        assert tip.inner_text() != says
