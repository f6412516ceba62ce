"""Formats as data, and the one function that turns a value into the text a page shows."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from math import isfinite
from typing import Any

NOT_AVAILABLE = "n/a"
_MINUS = "\u2212"
_SPOKEN_FROM = 10_000  # a compact amount is written out below
# Bidirectional controls reorder what stands around them; right-to-left letters need none of them.
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_NONCHARACTERS = frozenset("\ufffe\uffff")
_REPLACEMENT = "\ufffd"


class Kind(StrEnum):
    """What a value is; decides its text and its alignment."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    CURRENCY = "currency"
    PERCENT = "percent"
    RATIO = "ratio"
    DATE = "date"
    DATETIME = "datetime"
    BYTES = "bytes"


@dataclass(frozen=True)
class Format:
    """How a value reads. `decimals` None leaves them to the kind; `signed` writes a plus too."""

    kind: Kind
    decimals: int | None = None
    compact: bool = False
    signed: bool = False

    @property
    def numeric(self) -> bool:
        return self.kind not in {Kind.TEXT, Kind.DATE, Kind.DATETIME}


@dataclass(frozen=True)
class Locale:
    """Currency (ISO 4217), the customs of writing numbers and dates, and the zone of times."""

    currency: str = "USD"
    name: str = "en_US"
    zone: str = "UTC"


def known_locale(name: str) -> str:
    """The locale's name as CLDR spells it: `de-de` is `de_DE`.

    Raises
    ------
    ValueError
        For a name that is no locale.
    """
    from babel import Locale as BabelLocale
    from babel import UnknownLocaleError

    try:
        return str(BabelLocale.parse(name.replace("-", "_")))
    except (UnknownLocaleError, ValueError):
        raise ValueError(
            f"{name!r} is no known locale; name language and country, as in en_US or de_DE"
        ) from None


TEXT = Format(Kind.TEXT)
INTEGER = Format(Kind.INTEGER)
COUNT = Format(Kind.INTEGER, decimals=2)  # of things that may be shared: 9.25, and 12
CURRENCY = Format(Kind.CURRENCY, decimals=0)
CURRENCY_EXACT = Format(Kind.CURRENCY, decimals=2)
CURRENCY_COMPACT = Format(Kind.CURRENCY, compact=True)  # $36.2K, and $7,000
FIGURE = Format(Kind.DECIMAL)  # of any unit: as many decimals as it has, up to four
PERCENT = Format(Kind.PERCENT, decimals=1)
PERCENT_SIGNED = Format(Kind.PERCENT, decimals=1, signed=True)
RATIO = Format(Kind.RATIO, decimals=2)
DATE = Format(Kind.DATE)
DATETIME = Format(Kind.DATETIME)
BYTES = Format(Kind.BYTES)


def format_value(value: Any, fmt: Format = TEXT, locale: Locale = Locale()) -> str:
    """The text of one value: `n/a` for null, never a NaN.

    Percent takes a fraction (0.2 is 20.0 %); ratio writes a multiple (1.82 is 1.82x).

    >>> format_value(-1234.5, CURRENCY_EXACT), format_value(0.767, PERCENT), format_value(None)
    ('\u2212$1,234.50', '76.7%', 'n/a')

    Raises
    ------
    ValueError
        For NaN or infinity: a result holds null where it has no value.
    """
    if value is None:
        return NOT_AVAILABLE
    if isinstance(value, float) and not isfinite(value):
        raise ValueError(f"{value} is no result: store null and a reason")
    text = _WRITERS[fmt.kind](value, fmt, locale)
    sign = "+" if fmt.signed and fmt.numeric and value > 0 else ""
    return sign + (text.replace("-", _MINUS) if fmt.numeric else text)


def clean(text: str) -> str:
    """One line of printable text: line ends become spaces, controls the replacement character.

    >>> clean("two\\nlines\\x00")
    'two lines\ufffd'
    """
    if text.isascii() and text.isprintable():
        return text
    spaced = re.sub(r"[\t\r\n\v\f\x85\u2028\u2029]+", " ", text)
    return "".join(_REPLACEMENT if _acts(char) else char for char in spaced)


def _pattern(fmt: Format) -> str:
    return "#,##0" + ("." + "0" * fmt.decimals if fmt.decimals else "")


def _text(value: Any, _fmt: Format, _locale: Locale) -> str:
    return str(value)


def _integer(value: Any, fmt: Format, locale: Locale) -> str:
    from babel.numbers import format_compact_decimal, format_decimal

    if fmt.compact:
        digits = fmt.decimals or 0
        return format_compact_decimal(value, locale=locale.name, fraction_digits=digits)
    # A count may be a fraction, as of a conversion that two ads share: decimals where it has some.
    pattern = "#,##0" + ("." + "#" * fmt.decimals if fmt.decimals else "")
    return format_decimal(value, pattern, locale=locale.name)


def _decimal(value: Any, fmt: Format, locale: Locale) -> str:
    from babel.numbers import format_decimal

    pattern = "#,##0.####" if fmt.decimals is None else _pattern(fmt)
    return format_decimal(value, pattern, locale=locale.name)


def _currency(value: Any, fmt: Format, locale: Locale) -> str:
    from babel.numbers import format_currency

    if fmt.compact and (short := _spoken(value, locale)):
        return short
    decimals = 0 if fmt.compact else fmt.decimals
    if decimals is None:
        return format_currency(value, locale.currency, locale=locale.name)
    return format_currency(
        value,
        locale.currency,
        _currency_pattern(locale.name, decimals),
        locale=locale.name,
        currency_digits=False,
    )


def _spoken(value: float, locale: Locale) -> str:
    """A large amount in three digits, as people say it; empty where the locale writes it out."""
    from babel.numbers import format_compact_currency

    rounded = float(f"{value:.3g}")
    if abs(rounded) < _SPOKEN_FROM:
        return ""
    text: str = format_compact_currency(
        rounded, locale.currency, locale=locale.name, fraction_digits=2
    )
    return "" if re.sub(r"\D", "", text) == f"{abs(rounded):.0f}" else text


@cache
def _currency_pattern(locale: str, decimals: int) -> str:
    """The locale's own currency pattern with as many decimals as the format asks for."""
    from babel import Locale as BabelLocale

    pattern = BabelLocale.parse(locale).currency_formats["standard"].pattern
    digits = "." + "0" * decimals if decimals else ""
    return re.sub(r"0\.0+", f"0{digits}", pattern)


def _percent(value: Any, fmt: Format, locale: Locale) -> str:
    from babel import Locale as BabelLocale
    from babel.numbers import format_percent

    pattern = BabelLocale.parse(locale.name).percent_formats[None].pattern
    digits = "." + "0" * fmt.decimals if fmt.decimals else ""
    return format_percent(value, pattern.replace("0", f"0{digits}"), locale=locale.name)


def _ratio(value: Any, fmt: Format, locale: Locale) -> str:
    return f"{_decimal(value, fmt, locale)}\u00d7"


def _date(value: date, _fmt: Format, locale: Locale) -> str:
    from babel.dates import format_date

    return format_date(value, "medium", locale=locale.name)


def _datetime(value: datetime, _fmt: Format, locale: Locale) -> str:
    return f"{_date(value, _fmt, locale)}, {value:%H:%M} {locale.zone}"


def _bytes(value: int, _fmt: Format, locale: Locale) -> str:
    from babel.numbers import format_decimal

    size, unit = float(value), "B"
    for larger in ("KiB", "MiB", "GiB"):
        if size < 1024:
            break
        size, unit = size / 1024, larger
    pattern = "#,##0" if unit == "B" else "#,##0.0"
    return f"{format_decimal(size, pattern, locale=locale.name)} {unit}"


def _acts(char: str) -> bool:
    return char in _BIDI or char in _NONCHARACTERS or unicodedata.category(char) in {"Cc", "Cs"}


_WRITERS: dict[Kind, Callable[[Any, Format, Locale], str]] = {
    Kind.TEXT: _text,
    Kind.INTEGER: _integer,
    Kind.DECIMAL: _decimal,
    Kind.CURRENCY: _currency,
    Kind.PERCENT: _percent,
    Kind.RATIO: _ratio,
    Kind.DATE: _date,
    Kind.DATETIME: _datetime,
    Kind.BYTES: _bytes,
}
