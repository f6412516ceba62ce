"""Values as `mktorch explain` writes them."""

from __future__ import annotations

from datetime import datetime
from math import floor, log10
from typing import Any

DIGITS = 6
"""Of a sum: no input has more."""


def in_words(value: Any) -> str:
    """A value as it is written here: with thousands' commas, to six digits above one.

    >>> in_words(1234567), in_words(1234.5), in_words(0.1)
    ('1,234,567', '1,234.5', '0.1')
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.{DIGITS}f}".rstrip("0").rstrip(".") if abs(value) >= 1 else repr(value)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return str(value)


def in_a_sum(value: Any) -> str:
    """A value as a sum writes it: to nine digits, and to the hundredth at least.

    >>> in_a_sum(1234567.891), in_a_sum(12.3456789012), in_a_sum(0.0), in_a_sum(7)
    ('1,234,567.89', '12.3456789', '0', '7')
    """
    if not isinstance(value, float):
        return in_words(value)
    if value == 0 or abs(value) < 1:
        return f"{value:.9g}"
    told = f"{value:,.{max(2, 8 - floor(log10(abs(value))))}f}"
    return told.rstrip("0").rstrip(".")
