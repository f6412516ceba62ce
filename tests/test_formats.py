"""One function turns values into text, the same for every target."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mktorch import formats as f

US, DE, JP = f.Locale(), f.Locale("EUR", "de_DE"), f.Locale("JPY", "ja_JP")


@pytest.mark.parametrize(
    ("value", "fmt", "locale", "text"),
    [
        (1234.5, f.CURRENCY, US, "$1,234"),  # half to even
        (1235.5, f.CURRENCY, US, "$1,236"),
        (-1234.5, f.CURRENCY_EXACT, US, "\u2212$1,234.50"),
        (123456789.0, f.CURRENCY_EXACT, US, "$123,456,789.00"),
        (1234.5, f.CURRENCY_EXACT, DE, "1.234,50\xa0€"),
        (1234.5, f.CURRENCY, JP, "￥1,234"),
        (9_994.6, f.CURRENCY_COMPACT, US, "$9,995"),
        (12_498.0, f.CURRENCY_COMPACT, US, "$12.5K"),
        (-148_269.4, f.CURRENCY_COMPACT, US, "\u2212$148K"),
        (999_999.0, f.CURRENCY_COMPACT, US, "$1M"),
        (1_254_000.0, f.CURRENCY_COMPACT, US, "$1.25M"),
        (12_498.0, f.CURRENCY_COMPACT, DE, "12.498\xa0€"),
        (1_254_000.0, f.CURRENCY_COMPACT, DE, "1,25\xa0Mio.\xa0€"),
        (0.767, f.PERCENT, US, "76.7%"),
        (-0.9041, f.PERCENT, US, "\u221290.4%"),
        (0.05, f.PERCENT_SIGNED, US, "+5.0%"),
        (0.0, f.PERCENT_SIGNED, US, "0.0%"),
        (1.824, f.RATIO, US, "1.82×"),
        (1234567, f.INTEGER, US, "1,234,567"),
        (0.0105, f.FIGURE, US, "0.0105"),
        (242.0, f.FIGURE, US, "242"),
        (13649.49, f.FIGURE, US, "13,649.49"),
        (date(2026, 3, 1), f.DATE, US, "Mar 1, 2026"),
        (datetime(2026, 3, 1, 7, 5), f.DATETIME, US, "Mar 1, 2026, 07:05 UTC"),
        (2048, f.BYTES, US, "2.0 KiB"),
        (900, f.BYTES, US, "900 B"),
        ("plain-text", f.TEXT, US, "plain-text"),
        (None, f.CURRENCY, US, "n/a"),
    ],
)
def test_known_texts(value: object, fmt: f.Format, locale: f.Locale, text: str) -> None:
    assert f.format_value(value, fmt, locale) == text


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="store null"):
        f.format_value(value, f.CURRENCY)


@given(st.floats(-1e9, 1e9, allow_nan=False))
def test_an_amount_reads_back_to_the_cent(value: float) -> None:
    text = f.format_value(value, f.CURRENCY_EXACT)
    back = float(text.replace("\u2212", "-").replace("$", "").replace(",", ""))
    assert back == pytest.approx(value, abs=0.00501)
