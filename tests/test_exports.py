"""Exports hold the tables of the reports, unrounded; text in them cannot act."""

from __future__ import annotations

import csv
import zipfile
from datetime import date, datetime
from typing import Any

import openpyxl
import polars as pl
import pytest

import mktorch
from mktorch import exports
from mktorch.display.contents import SOURCES, WORKBOOK
from mktorch.display.csv_files import harmless
from mktorch.display.documents import calls, deep_dives
from mktorch.display.tables import Column, Table
from mktorch.exports import exported, write_exports
from mktorch.formats import CURRENCY, DATE, PERCENT
from tests.display.made import with_config

ACTING = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "\uff1d1", "{=1+1}"]
HOSTILE = '=HYPERLINK("http://a.example","x") <f>1</f> ]]> \x00 \ud800 "q",\r\n'


@pytest.fixture(scope="module")
def files(sample_run, tmp_path_factory):
    return write_exports(sample_run, tmp_path_factory.mktemp("pack"))


def rows(file) -> list[list[str]]:
    with file.open(encoding="utf-8-sig", newline="") as text:
        return list(csv.reader(text))


def written(monkeypatch, run, tmp_path, frame: pl.DataFrame, **columns: Any):
    """The files of one made-up table."""
    table = Table(
        id="made",
        frame=frame,
        columns=tuple(columns.get(n) or Column(name=n, label=n) for n in frame.columns),
        title="A finding.",
    )
    monkeypatch.setattr(exports, "exported", lambda _: [exports._exported("made", {"": table})])
    return write_exports(run, tmp_path)


def test_every_table_that_a_document_shows_is_there(sample_run, files) -> None:
    names = {file.stem for file in files}
    assert {"sources", "tables", "campaigns", "thresholds", "budget-ledger"} <= names
    assert {"segments", "assets", "segment-heat-by-campaign"} <= names
    ids = names | {slug.removesuffix("-by-campaign") for slug in names}
    for _, name, options in calls():
        block = getattr(mktorch.display, name)(sample_run, **options)
        if isinstance(block, Table):
            assert block.id in ids, name


def test_a_table_that_a_page_cuts_short_is_there_in_full(sample_run, monkeypatch) -> None:
    cut = [("campaign", "held_back", {}), ("governance", "recommendation_register", {})]
    monkeypatch.setattr(exports, "calls", lambda: iter(cut))
    held, register = exported(sample_run)
    assert register.frame.height == sample_run.tables["recommendations"].height
    assert register.frame["Conditions met and evidence"].str.len_chars().min() > 0
    candidates = sample_run.tables["recommendation_candidates"]
    assert held.frame.height == candidates.filter(pl.col("standing") != "stands").height
    page = mktorch.display.held_back(sample_run)
    assert page.shown.frame.height == 5 < held.frame.height
    assert f"{held.frame.height - 5} more rows in exports/held-back.csv." in page.html()


def test_the_registers_of_a_pack_hold_every_row(sample_run) -> None:
    held = {table.name: table.frame.height for table in exported(sample_run)}
    tables = sample_run.tables
    candidates = tables["recommendation_candidates"]
    assert held["recommendation-register"] == tables["recommendations"].height == 46
    assert held["held-back"] == candidates.filter(pl.col("standing") != "stands").height
    assert held["risk-register"] == tables["risk_inbox"].height
    assert held["decisions-asked"] == tables["decisions_asked"].height


def test_the_longest_of_a_table_is_taken(sample_run) -> None:
    held = {table.name: table.frame.height for table in exported(sample_run)}
    assert held["decision-outcomes"] == sample_run.tables["decision_outcomes"].height


def test_tables_of_the_deep_dives_name_each_rows_campaign(sample_run) -> None:
    held = {table.name: table.frame for table in exported(sample_run)}
    known = set(sample_run.tables["campaigns"]["campaign_id"])
    for name in ("assets", "segment-heat-by-campaign"):
        assert held[name].columns[0] == "Campaign id"
        assert set(held[name]["Campaign id"]) <= known
    assert held["assets"].height == sample_run.tables["creative_assets"].height


def test_sums_over_campaigns_are_there_of_the_deep_dives_of_the_pack(sample_run) -> None:
    run = with_config(sample_run, max_deep_dives=2)
    held = {table.name: table.frame for table in exported(run)}
    assert set(held["segment-heat-by-campaign"]["Campaign id"]) == set(deep_dives(run))
    assert held["assets"].height == run.tables["creative_assets"].height


def test_the_same_run_gives_the_same_bytes(sample_run, files, tmp_path) -> None:
    again = write_exports(sample_run, tmp_path)
    assert [f.name for f in again] == [f.name for f in files]
    for one, other in zip(files, again, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.name


def test_values_are_unrounded_and_typed(monkeypatch, sample_run, tmp_path) -> None:
    share = 1 / 3
    frame = pl.DataFrame(
        {"share": [share], "money": [-1234.5678], "day": [date(2026, 4, 1)], "none": [None]},
        schema_overrides={"none": pl.Float64},
    )
    made = written(
        monkeypatch,
        sample_run,
        tmp_path,
        frame,
        share=Column(name="share", label="Share", format=PERCENT),
        money=Column(name="money", label="Money", format=CURRENCY),
        day=Column(name="day", label="Day", format=DATE),
    )
    assert rows(made[2]) == [
        ["Share", "Money", "Day", "none"],
        ["0.3333333333333333", "-1234.5678", "2026-04-01", ""],
    ]
    sheet = openpyxl.load_workbook(made[1])["made"]
    assert [cell.value for cell in sheet[2]] == [share, -1234.5678, datetime(2026, 4, 1), None]
    assert sheet["A2"].number_format == "0.0%"
    listed = rows(made[0])
    assert listed[1][listed[0].index("Units")] == (
        "Share: fraction: 0.2 is 20%; Money: USD; Day: ISO date"
    )


@pytest.mark.parametrize("text", ACTING)
def test_a_text_that_would_act_is_text(monkeypatch, sample_run, tmp_path, text: str) -> None:
    made = written(monkeypatch, sample_run, tmp_path, pl.DataFrame({"name": [text]}))
    cell = rows(made[2])[1][0]
    assert cell == harmless(text)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    value = openpyxl.load_workbook(made[1])["made"]["A2"]
    assert value.data_type == "s"


@pytest.mark.parametrize("text", ["a=b", "1-1", "Spring", "", "\u22125%"])
def test_other_text_is_left_as_it_is(text: str) -> None:
    assert harmless(text) == text


def test_no_workbook_holds_a_formula_or_a_link(monkeypatch, sample_run, tmp_path) -> None:
    frame = pl.DataFrame({"name": [HOSTILE.replace("\ud800", ""), "http://a.example", "x" * 40000]})
    made = written(monkeypatch, sample_run, tmp_path, frame)
    with zipfile.ZipFile(made[1]) as book:
        for name in book.namelist():
            part = book.read(name).decode()
            assert "<f>" not in part.replace("&lt;f&gt;", ""), name
            assert "<f " not in part, name
            assert "<hyperlink" not in part, name
    sheet = openpyxl.load_workbook(made[1])["made"]
    assert sheet["A3"].hyperlink is None
    assert len(sheet["A4"].value) == 32000


def test_a_hostile_campaign_name_stays_text_in_every_file(edit, tmp_path) -> None:
    name = '=cmd|"/c calc"!A1'
    folder = edit("campaigns", lambda found: [dict(row, name=name) for row in found])
    run = mktorch.run(folder, out=tmp_path / "runs")
    made = write_exports(run, tmp_path / "pack")
    for file in made[2:]:
        for row in rows(file):
            assert not any(cell.startswith(("=", "+", "@", "\t", "\r")) for cell in row), file.name
    book = openpyxl.load_workbook(made[1])
    texts = [cell for sheet in book for line in sheet for cell in line if cell.value == name]
    assert texts
    assert {cell.data_type for cell in texts} == {"s"}
    assert not any(cell.data_type == "f" for sheet in book for line in sheet for cell in line)


def test_workbook_and_list_agree_with_the_files(sample_run, files) -> None:
    folder = files[0].parent.parent
    assert (folder / SOURCES).is_file()
    book = openpyxl.load_workbook(folder / WORKBOOK, read_only=True)
    head, *listed = rows(files[0])
    assert book.sheetnames == ["Sources", *(row[head.index("Sheet")] for row in listed)]
    assert {row[head.index("File")] for row in listed} == {file.name for file in files[2:]}
    assert all(len(name) <= 31 for name in book.sheetnames)
    for row in listed:
        held = rows(folder / "exports" / row[head.index("File")])
        assert len(held) - 1 == int(row[head.index("Rows")])


def test_two_columns_of_one_label_stay_apart(monkeypatch, sample_run, tmp_path) -> None:
    frame = pl.DataFrame({"a": [1], "b": [2]})
    same = {name: Column(name=name, label="Same") for name in frame.columns}
    made = written(monkeypatch, sample_run, tmp_path, frame, **same)
    assert rows(made[2]) == [["Same", "Same (2)"], ["1", "2"]]


def test_an_empty_table_keeps_its_head(monkeypatch, sample_run, tmp_path) -> None:
    frame = pl.DataFrame(schema={"a": pl.String})
    made = written(monkeypatch, sample_run, tmp_path, frame)
    assert rows(made[2]) == [["a"]]
