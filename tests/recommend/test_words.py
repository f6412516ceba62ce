"""Templates over a small frame, in the run's locale."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mktorch.formats import Locale
from mktorch.recommend.words import FORMATS, columns_of, compose

FRAME = pl.DataFrame(
    {
        "name": ["A", None],
        "spend": [1234.5, None],
        "share": [0.256, -0.1],
        "roas": [1.824, 0.0],
        "n": [12345, 0],
        "day": [date(2026, 5, 3), None],
        "parts": [["x", "y"], []],
        "stage": ["demo_request", "signup"],
        "word": ["in_review", None],
        "currency": ["GBP", "EUR"],
        "reads": ["cents", "figure"],
    }
)


@pytest.mark.parametrize(
    ("template", "texts"),
    [
        ("plain", ["plain", "plain"]),
        ("{name}!", ["A!", "n/a!"]),
        ("{spend:currency}", ["$1,234", "n/a"]),
        ("{spend:cents}", ["$1,234.50", "n/a"]),
        ("{share:percent}", ["25.6%", "\u221210.0%"]),
        ("{share:signed_percent}", ["+25.6%", "\u221210.0%"]),
        ("{roas:ratio}", ["1.82\u00d7", "0.00\u00d7"]),
        ("{roas:figure}", ["1.824", "0"]),
        ("{n:integer} of {n:integer}", ["12,345 of 12,345", "0 of 0"]),
        ("{day:date}", ["May 3, 2026", "n/a"]),
        ("{parts}", ["x, y", ""]),
        ("{{name}}", ["{name}", "{name}"]),
        ("{stage:stage}", ["demo requests", "sign-ups"]),
        ("{name:stage}", ["A", "n/a"]),
        ("{word:words}", ["in review", "n/a"]),
        ("{roas:in currency}", ["\u00a32", "\u20ac0"]),
        ("{roas:as reads}", ["$1.82", "0"]),
    ],
)
def test_each_format(template, texts) -> None:
    assert compose(template, FRAME, Locale()).to_list() == texts


def test_the_locale_is_the_run_s() -> None:
    german = Locale(currency="EUR", name="de_DE")
    assert compose("{spend:cents}", FRAME, german).to_list() == ["1.234,50\xa0\u20ac", "n/a"]


def test_an_unknown_format_is_named() -> None:
    with pytest.raises(ValueError, match=r"unknown format 'money'; use one of integer, figure"):
        compose("{spend:money}", FRAME, Locale())


def test_no_rows_no_texts() -> None:
    assert compose("{name}", FRAME.clear(), Locale()).to_list() == []


@given(st.lists(st.text(max_size=20), min_size=1, max_size=3))
def test_what_a_value_holds_is_never_a_template(names) -> None:
    frame = pl.DataFrame({"name": names, "spend": 5.0})
    assert compose("<{name}>", frame, Locale()).to_list() == [f"<{name}>" for name in names]


def test_columns_and_formats() -> None:
    assert columns_of("{a} {b:percent} {a:currency} {{c}}") == ("a", "b")
    assert columns_of("{a:in b} {c:as d}") == ("a", "b", "c", "d")
    assert "" in FORMATS
