"""No code word in what people read: sentences speak of sign-ups, not of demo_request."""

from __future__ import annotations

import re
from collections.abc import Iterator

import polars as pl
import pytest
from pydantic import BaseModel

import mktorch
from mktorch.synth import synth
from mktorch.vocab import Source

# The tables that narrative and recommendations write; their code columns hold no space.
WRITTEN = (
    "recommendations",
    "recommendation_candidates",
    "next_steps",
    "decisions_asked",
    "verdict",
    "verdict_grounds",
    "momentum",
    "measured_summary",
    "measured_insights",
)
CODE = re.compile(r"[A-Za-z]+\d*(?:\\?_[A-Za-z0-9]+)+")
# What a text quotes on purpose, for whoever checks it: tables, fields, a file's hash.
TRACES = ("Source: ", "SHA-256: ", "the run's table ", "- Note ")
ON_PURPOSE = {"OPENAI_API_KEY"}
RUNS = {"sample": None, "generated": (11, 12)}


@pytest.fixture(scope="module", params=list(RUNS))
def run(request, sample_run, tmp_path_factory) -> mktorch.Run:
    if RUNS[request.param] is None:
        return sample_run
    seed, campaigns = RUNS[request.param]
    folder = tmp_path_factory.mktemp("words")
    synth(folder / "data", seed=seed, campaigns=campaigns)
    return mktorch.run(folder / "data", out=folder / "runs")


def settings(model: type[BaseModel] | BaseModel) -> Iterator[str]:
    """Every setting's name."""
    for name in type(model).model_fields:
        yield name
        held = getattr(model, name)
        if isinstance(held, BaseModel):
            yield from settings(held)


@pytest.fixture(scope="module")
def known(run) -> set[str]:
    """Ids of the records, and the names of settings."""
    ids = {
        value
        for source in Source
        for column in run.tables[source].columns
        if column.endswith(("_id", "_asset"))
        for value in run.tables[source][column].drop_nulls().cast(pl.String)
    }
    return ids | set(settings(run.config)) | ON_PURPOSE


def codes(text: str, known: set[str]) -> list[str]:
    return [c for c in CODE.findall(text) if c.replace("\\", "") not in known]


def sentences(frame: pl.DataFrame) -> Iterator[tuple[str, str]]:
    for name, dtype in frame.schema.items():
        texts = frame[name].explode() if dtype == pl.List(pl.String) else frame[name]
        if texts.dtype == pl.String:
            yield from ((name, text) for text in texts.drop_nulls().unique() if " " in text)


def test_codes_are_found() -> None:
    assert codes("from demo_request to CH_01, social_ads", {"CH_01"}) == [
        "demo_request",
        "social_ads",
    ]
    assert codes("a sign-up of 2026-04-01, 1.34\u00d7, CAMP\\_001", {"CAMP_001"}) == []


@pytest.mark.parametrize("table", WRITTEN)
def test_no_sentence_of_a_table_holds_a_code(table, run, known) -> None:
    found = [(c, t, codes(t, known)) for c, t in sentences(run.tables[table])]
    assert [entry for entry in found if entry[2]] == []


@pytest.mark.parametrize("text", ["executive_summary", "campaign_report"])
def test_no_line_of_a_text_holds_a_code(text, run, known) -> None:
    items = re.split(r"\n(?=- |\d+\. |\||\n)", run.state[text])
    told = [" ".join(item.split()) for item in items]
    found = [(item, codes(item, known)) for item in told if not any(t in item for t in TRACES)]
    assert [entry for entry in found if entry[1]] == []


def test_money_is_written_with_its_currency(run) -> None:
    """Amounts are the formatter's: never a bare figure before a currency's code."""
    for table in WRITTEN:
        for _, text in sentences(run.tables[table]):
            assert not re.search(r"\d (USD|EUR|GBP)\b", text), text
