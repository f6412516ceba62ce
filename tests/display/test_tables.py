"""One specification, the same figures, notes and statuses in HTML and in Typst."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pdfplumber
import polars as pl
import pytest
import typst
from great_tables import GT

from mktorch.display.resources import font_dir
from mktorch.display.status import PERFORMANCE
from mktorch.display.tables import Column, Table
from mktorch.formats import CURRENCY_EXACT, INTEGER, PERCENT

FRAME = pl.DataFrame(
    {
        "name": ["Spring <b>", "#Autumn"],
        "id": ["C1", "C2"],
        "spend": [1234.5, None],
        "roi": [0.5, None],
        "verdict": ["exceeding_expectations", "insufficient_data"],
        "region": ["North", "South"],
    }
)
COLUMNS = (
    Column(name="name", label="Campaign", detail="id"),
    Column(name="spend", label="Spend", format=CURRENCY_EXACT, missing="no spend on record"),
    Column(name="roi", label="ROI", format=PERCENT),
    Column(name="verdict", label="Verdict", statuses=PERFORMANCE),
)


def make(**changes) -> Table:
    given = {"id": "t", "frame": FRAME, "columns": COLUMNS, "title": "Spring leads.", "source": "x"}
    return Table(**(given | changes))


PAGE = '#set page(width: 17cm, height: 40cm, margin: 0pt)\n#set text(font: "Source Sans Pro")\n'


def pdf_words(source: str) -> str:
    made = typst.compile(
        (PAGE + source).encode(), font_paths=[str(font_dir())], ignore_system_fonts=True
    )
    with pdfplumber.open(io.BytesIO(made)) as file:
        return file.pages[0].extract_text()


def html_words(markup: str) -> str:
    import html

    return re.sub(
        r"\s+",
        " ",
        html.unescape(re.sub(r"<style.*?</style>|<[^>]+>", " ", markup, flags=re.DOTALL)),
    )


def test_both_targets_show_the_same_texts() -> None:
    table = make()
    shown = (
        "Spring leads.",
        "Campaign",
        "Spring <b>",
        "#Autumn",
        "$1,234.50",
        "50.0%",
        "n/a",
        "C2",
    )
    notes = ("n/a: Spend, no spend on record.", "Source: x.")
    for words in (html_words(table.html()), pdf_words(table.typst())):
        for text in (*shown, *notes, "Exceeding", "No data"):
            assert text in words


def test_status_is_word_shape_and_colour() -> None:
    table = make()
    assert re.search(r'mk-good"><span aria-hidden="true">✓</span> Exceeding', table.html())
    assert 'fill: rgb("#' in table.typst()
    assert "✓ Exceeding" in pdf_words(table.typst())


def test_a_null_never_hides_a_reason_that_is_known() -> None:
    whole = make(frame=FRAME.drop_nulls())
    assert not any("n/a" in note for note in whole.all_notes)
    assert any("no spend on record" in note for note in make().all_notes)


def test_figures_carry_their_value_and_source() -> None:
    assert '<data value="1234.5" data-source="x.spend">$1,234.50</data>' in make().html()


def test_ids_are_stable_and_unique_in_a_page() -> None:
    page = make().html() + make(id="u").html()
    assert make().html() == make().html()
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_it_is_a_great_table_with_heading_and_notes() -> None:
    gt = make().as_gt()
    assert isinstance(gt, GT)
    assert "Spring leads." in gt.as_raw_html()
    assert "no spend on record" in gt.as_raw_html()


def test_groups_head_their_rows_in_both() -> None:
    table = make(group="region")
    for words in (html_words(table.html()), pdf_words(table.typst())):
        assert words.index("North") < words.index("Spring <b>") < words.index("South")


def test_an_empty_table_says_so() -> None:
    table = make(frame=FRAME.clear(), empty="No campaign.")
    assert "No campaign." in table.html()
    assert "No campaign." in pdf_words(table.typst())


def test_an_unknown_column_is_named() -> None:
    with pytest.raises(KeyError, match="no column nowhere"):
        make(columns=(Column(name="nowhere", label="X"),))


def test_a_long_table_repeats_its_header_and_a_short_one_stays_whole() -> None:
    long = make(frame=pl.concat([FRAME] * 20))
    assert "breakable: true" in long.typst()
    assert "breakable: false" in make().typst()
    assert "table.header(" in long.typst()


def test_a_group_name_is_text() -> None:
    table = make(frame=FRAME.with_columns(region=pl.lit("<i>#a</i>")), group="region")
    assert "<i>#a</i>" in pdf_words(table.typst())
    assert "<i>" not in table.html()
    assert "<i>#a</i>" in html_words(table.html())


def test_a_long_name_in_a_title_stays_on_the_page() -> None:
    source = PAGE + make(title=f"{'N' * 80} leads.", notes=("M" * 90,)).typst()
    made = typst.compile(source.encode(), font_paths=[str(font_dir())], ignore_system_fonts=True)
    with pdfplumber.open(io.BytesIO(made)) as file:
        assert max(char["x1"] for char in file.pages[0].chars) <= file.pages[0].width


@pytest.mark.parametrize("columns", [4, 10, 16])
def test_wide_tables_shrink_and_stay_on_the_page(columns: int) -> None:
    names = [f"figure_{i}" for i in range(columns)]
    frame = pl.DataFrame(
        {"name": ["A name of eighty characters " + "x" * 52], **{n: [123456789.5] for n in names}}
    )
    table = make(
        frame=frame,
        columns=(
            Column(name="name", label="Name"),
            *(Column(name=n, label=n, format=INTEGER) for n in names),
        ),
    )
    made = typst.compile(
        (PAGE + table.typst()).encode(), font_paths=[str(font_dir())], ignore_system_fonts=True
    )
    with pdfplumber.open(io.BytesIO(made)) as file:
        assert min(char["size"] for char in file.pages[0].chars) >= 5.9  # small, yet legible
        words = file.pages[0].extract_words()
        assert all(w["x0"] >= 0 and w["x1"] <= file.pages[0].width + 0.5 for w in words)
        _assert_no_overprint(words)


def _assert_no_overprint(words) -> None:
    for i, a in enumerate(words):
        for b in words[i + 1 :]:
            across = min(a["x1"], b["x1"]) - max(a["x0"], b["x0"])
            down = min(a["bottom"], b["bottom"]) - max(a["top"], b["top"])
            assert across < 1 or down < 2, (a["text"], b["text"])


def parts(markup: str, role: str) -> list[str]:
    return re.findall(rf'<\w+ role="{role}"[^>]*', markup)


def test_every_cell_knows_the_label_of_its_column_and_every_part_its_role() -> None:
    page = make(group="region").html()
    labels = re.findall(r'<td role="\w+" data-label="([^"]*)"', page)
    assert labels == [column.label for column in COLUMNS] * 2
    counts = {
        role: len(parts(page, role))
        for role in ("table", "rowgroup", "row", "columnheader", "rowheader", "cell")
    }
    # Two groups with a heading row each, over a header and two rows; their headings span columns.
    assert counts == {
        "table": 1,
        "rowgroup": 2,
        "row": 5,
        "columnheader": 4 + 2,
        "rowheader": 2,
        "cell": 6,
    }


def test_a_label_made_of_markup_stays_text_in_its_attribute() -> None:
    table = make(columns=(*COLUMNS[:1], Column(name="spend", label='"><b>&amp;', format=INTEGER)))
    page = table.html()
    assert "<b>" not in page
    assert 'data-label="&#34;&#62;&#60;b&#62;&#38;amp;"' in page


def test_a_row_is_named_by_its_first_column_or_by_the_widest_after_a_count() -> None:
    count = Column(name="spend", label="No.", format=INTEGER)
    words = (Column(name="region", label="Region"), Column(name="name", label="What", weight=2.0))
    assert make().heading.label == "Campaign"
    assert make(columns=(count, *words)).heading.label == "What"
    assert make(columns=(count,)).heading is count
    assert 'rowheader" data-label="What"' in make(columns=(count, *words)).html()


def test_a_page_styles_all_its_tables_once() -> None:
    assert "<style" not in make().html()
    assert "<style" in make().as_gt().as_raw_html()


def shares(page: str) -> list[int]:
    return [int(share) for share in re.findall(r'style="width: (\d+)%"', page)]


def test_columns_of_sentences_share_the_width_by_weight_and_no_other_table_is_touched() -> None:
    long, short = "A sentence of some length, for a reader to read in lines. " * 3, "Short."
    frame = pl.DataFrame({"a": [long], "b": [long], "c": [short], "n": [1]})
    number = Column(name="n", label="No", format=INTEGER)
    texts = {name: Column(name=name, label=name) for name in "abc"}
    wide = Column(name="b", label="b", weight=3.0)
    # 1 - (6 + 3 + 2 + 3) / 165 of the width is free, in quarters: 22.9 and 68.6.
    both = make(frame=frame, columns=(texts["a"], wide, texts["c"], number)).html()
    assert shares(both) == [23, 69]
    assert shares(make(frame=frame, columns=(texts["a"], texts["c"], number)).html()) == []
    assert shares(make().html()) == []


def test_a_long_code_may_break_and_an_amount_keeps_its_sign() -> None:
    frame = pl.DataFrame({"name": ["rules.statistical_significance"], "n": [-1234567890123456.0]})
    columns = (Column(name="name", label="N"), Column(name="n", label="V", format=CURRENCY_EXACT))
    page = make(frame=frame, columns=columns, title="Down by \u2212$5,000.50.").html()
    assert "rules.<wbr>statistical_<wbr>significance" in page
    assert ">\u2212$1,234,567,890,123,456.00</" in page
    assert '<bdi class="mk-whole">\u2212$5,000.50</bdi>.' in page


def long(rows: int, **changes) -> Table:
    """A table of numbered rows in two groups, the last row of each its total."""
    group = ["A"] * rows + ["B"] * rows
    frame = pl.DataFrame({"n": range(2 * rows), "group": group, "id": map(str, range(2 * rows))})
    columns = (Column(name="id", label="Id"), Column(name="n", label="N", format=INTEGER))
    return make(**({"frame": frame, "columns": columns, "source": "x"} | changes))


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({}, list(range(12))),
        ({"dense": True}, list(range(60))),
        ({"most": 2, "last": 1}, [0, 1, 79]),
        ({"most": 2, "last": 1, "group": "group"}, [0, 1, 39, 40, 41, 79]),
        ({"most": 80}, list(range(80))),
        ({"most": 79, "last": 1}, list(range(80))),
    ],
)
def test_a_page_shows_the_first_rows_and_says_where_the_rest_is(changes, shown: list[int]) -> None:
    table = long(40, **changes)
    assert table.shown.frame["n"].to_list() == shown
    assert table.frame.height == 80
    assert [figure.value for figure in table.figures()] == shown
    rest = f"{80 - len(shown)} more rows in exports/t.csv."
    for words in (html_words(table.html()), table.typst(), table.markdown()):
        assert ("more row" in words) == (len(shown) < 80)
        assert len(shown) == 80 or rest in words
    assert table.html().count("<data ") == len(shown)


def test_a_page_of_one_campaign_names_its_own_export() -> None:
    assert "exports/t-by-campaign.csv" in long(40, campaign="C1").html()
    whole = long(40).frame.with_columns(campaign_id=pl.lit("C1"))
    assert "exports/t.csv" in long(40, campaign="C1", frame=whole).html()


@pytest.mark.parametrize(("rows", "dense", "folded"), [(2, True, 1), (1, True, 0), (2, False, 0)])
def test_a_register_is_folded_on_a_page_and_nowhere_else(rows, dense, folded) -> None:
    table = long(rows, dense=dense)
    assert table.html().count('<details class="mk-fold"><summary>Show the 4 rows') == folded
    assert "Show the" not in table.typst() + table.markdown()


def test_texts_that_take_long_are_worded_for_the_rows_that_are_shown_or_exported() -> None:
    asked: list[int] = []

    def words(rows: pl.DataFrame) -> pl.DataFrame:
        asked.append(rows.height)
        return rows.with_columns(said=pl.lit("row ") + pl.col("n").cast(pl.String))

    table = Table(
        id="t",
        frame=pl.DataFrame({"n": range(1200)}),
        columns=(Column(name="n", label="N"), Column(name="said", label="Said", missing="none")),
        title="T",
        words=words,
    )
    assert "row 11" in table.html()
    assert asked == [12]
    whole = table.worded.frame
    assert whole["said"].to_list() == [f"row {n}" for n in range(1200)]
    assert sum(asked[1:]) == 1200
    assert "row 1199" in table.as_gt().as_raw_html()
    assert max(asked) <= 500
    assert replace(table, frame=table.frame.clear()).worded.frame.columns == ["n", "said"]


@pytest.mark.parametrize(("rows", "folded"), [(24, 0), (25, 1)])
def test_a_long_list_is_folded_though_it_is_read(rows, folded) -> None:
    table = Table(
        id="t",
        frame=pl.DataFrame({"n": range(rows)}),
        columns=(Column(name="n", label="N"),),
        title="T",
        most=40,
    )
    assert table.html().count("Show the 25 rows") == folded
