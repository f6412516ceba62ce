"""Text at a prompt: what would act on a terminal is written out, and forges no line."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mktorch.screen import plain

CORPUS = json.loads((Path(__file__).parent / "data/hostile-strings.json").read_text())
TURNING = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029")


def acts(text: str) -> bool:
    return any(unicodedata.category(c) in ("Cc", "Cs") or c in TURNING for c in text)


@pytest.mark.parametrize("lines", [False, True])
def test_nothing_of_the_corpus_acts_on_a_terminal(lines) -> None:
    for text in CORPUS:
        shown = plain(text, lines=lines)
        assert not acts(shown.replace("\n  ", "")), text


@given(st.text(st.characters()))
def test_no_text_acts_and_letters_stay(text: str) -> None:
    shown = plain(text)
    assert not acts(shown)
    assert text.isascii() is False or not text.isprintable() or shown == text


def test_a_further_line_of_a_message_is_told_from_the_first() -> None:
    assert plain("a: bad\nmktorch: forged", lines=True) == "a: bad\n  mktorch: forged"
