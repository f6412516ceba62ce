"""What each kind of column takes, in words."""

from __future__ import annotations

import pytest

from mktorch.sources import SPECS
from mktorch.sources import columns as c
from mktorch.vocab import Priority, Source


@pytest.mark.parametrize(
    ("column", "words"),
    [
        (c.text(), "text in quotes, or a whole number"),
        (c.word(Priority), "one of high, medium, low"),
        (c.count(), "a whole number of at least 0"),
        (c.amount(), "a finite number of at least 0"),
        (c.amount(signed=True), "a finite number"),
        (c.fraction(), "a finite number from 0 to 1"),
        (c.flag(), "true or false"),
        (c.date(), "a day such as 2026-03-01, from 1970-01-01 to 2199-12-31"),
        (c.ids(), 'a list of texts such as ["A1", "A2"]'),
        (c.free(), "any JSON value"),
    ],
)
def test_expected(column, words):
    assert c.expected(column) == words


def test_bounds_of_a_list_are_those_of_its_elements():
    assert c.bounds(SPECS[Source.EXPERIMENTS].columns["allocation"]) == (0, 1)
    assert c.bounds(c.text()) == (None, None)
