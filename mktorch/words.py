"""Words that every text shares: counts with their nouns, lists, capitals, names of one length."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

import polars as pl

_NAMED = 5  # names that a message shows where none is near


def count(number: int, singular: str, plural: str = "") -> str:
    """A number with its noun.

    >>> count(1, "campaign"), count(3, "campaign"), count(1_200, "entry", "entries")
    ('1 campaign', '3 campaigns', '1,200 entries')
    """
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def joined(parts: Iterable[str]) -> str:
    """Parts as a list in a sentence; nothing for none.

    >>> joined(["a", "b", "c"]), joined(["a"]), joined([])
    ('a, b and c', 'a', '')
    """
    *first, last = tuple(parts) or ("",)
    return f"{', '.join(first)} and {last}" if first else last


def leading_names(names: Sequence[str], most: int) -> str:
    """The first names, and how many more there are.

    >>> leading_names(["a", "b", "c"], 2), leading_names(["a", "b"], 2)
    ('a, b and 1 more', 'a and b')
    """
    rest = len(names) - most
    if rest <= 0 or not most:
        return joined(names[:most])
    return f"{', '.join(names[:most])} and {rest:,} more"


def held_names(wanted: str, held: Iterable[str]) -> str:
    """What a message says is there in place of what was asked for: how many, and which are near.

    >>> held_names("CAMP_1", ["CAMP_2", "Other"])
    'it holds 2, such as CAMP_2'
    """
    names = sorted(held)
    near = get_close_matches(wanted, names, n=3) or names[:_NAMED]
    return f"it holds {len(names):,}, such as {', '.join(near)}"


def capitalized(text: str) -> str:
    """The text with a capital first letter, the rest as it is.

    >>> capitalized("active since Mar 2")
    'Active since Mar 2'
    """
    return text[:1].upper() + text[1:]


def spaced(word: object) -> str:
    """A vocabulary's word for people: `at_risk` is `at risk`."""
    return str(word).replace("_", " ")


def shortened(text: str, width: int) -> str:
    """The text in at most `width` letters, cut after a word where it is longer.

    >>> shortened("Spring Trial Drive", 13), shortened("Spring", 13)
    ('Spring Trial…', 'Spring')
    """
    if len(text) <= width:
        return text
    kept = text[: width - 1]
    at = kept.rfind(" ")
    return f"{(kept[:at] if at > width // 2 else kept).rstrip(' ,;:')}…"


def fewer(text: str, width: int) -> str:
    """A sentence in at most `width` letters: of the list after its colon, the items that fit.

    >>> fewer("2 risks are open: low conversion in Spring, a spike in Video and 1 more.", 60)
    '2 risks are open: low conversion in Spring and more.'
    >>> fewer("Nothing to list here, but long.", 20)
    'Nothing to list…'
    """
    more = " and more."
    start = text.find(": ")
    if len(text) <= width or start < 0:
        return shortened(text, width)
    kept = text[: width - len(more) + 1]
    at = max(kept.rfind(", "), kept.rfind(" and "))
    return shortened(kept[:at] + more if at > start else f"{text[:start]}.", width)


def capitals(words: pl.Expr) -> pl.Expr:
    """A column's texts, each with a capital first letter."""
    return pl.concat_str(words.str.slice(0, 1).str.to_uppercase(), words.str.slice(1))


def spaces(words: pl.Expr) -> pl.Expr:
    """A column's codes as words: `high_clicks` is high clicks."""
    return words.str.replace_all("_", " ", literal=True)
