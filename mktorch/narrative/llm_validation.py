"""The guard: what a model's reply must be before a word of it is shown.

A reply is plain English prose with `{{name}}` where a figure, the verdict, a reason or a
recommendation belongs. The guard lets through a closed set of characters and words and refuses all
else; `fill` then puts the program's own texts in place of the names. The names come as a table of
figures (`narrative.figures`): name, kind (`line` stands alone on its line, `inline` within prose),
required, label, text.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from mktorch.narrative.llm_rejections import Reason
from mktorch.narrative.llm_vocabulary import ADVICE, DECLINES, JUDGEMENTS, PHRASES, is_number

LINE, INLINE = "line", "inline"
_PLACEHOLDER = re.compile(r"\{\{([a-z][a-z0-9_]*)\}\}")
_PROSE = re.compile(r"[A-Za-z \n.,;:!?'’\"“”()–—-]*")
_TOUCHING = re.compile(r"[^\s(\"“'‘]\{\{|\}\}(?!(?:['’]s)?[)\"”'’.,;:!?]*(?:\s|$))")
_LINE_START = re.compile(r"(?:- )?[A-Za-z\"“(\x00]")
_STRUCTURE = re.compile(
    r"--|[A-Za-z]\.[A-Za-z]"  # rules and dashes that a renderer reads, addresses
    r"|^\(?[A-Za-z][.)]\s",  # lettered lists
    re.MULTILINE,
)
_SPACED = re.compile(r"(?:\b[A-Za-z]\b[\s.,-]*){3,}")
_ECHO_WORDS = 8
_DECLARED = ("name", "kind", "required")
_MOST = {LINE: 1, INLINE: 2}


@dataclass(frozen=True)
class Refusal:
    """Why a reply is refused; `detail` helps the model mend it and goes nowhere else."""

    reason: Reason
    detail: str = ""


@dataclass(frozen=True)
class _Reply:
    """A reply taken apart: its text, the names it uses, its prose with each name blanked."""

    text: str
    names: tuple[str, ...]
    prose: str
    words: tuple[str, ...]
    figures: dict[str, tuple[str, bool]]  # name -> kind, required
    limit: int
    prompt: str


def tidy(reply: str) -> str:
    """One kind of line end, no blanks at the ends of lines, no blank lines at the ends of the text.

    >>> tidy(" a  b \\r\\n\\n")
    'a  b'
    """
    lines = reply.replace("\r\n", "\n").split("\n")
    return "\n".join(line.strip(" ") for line in lines).strip("\n")


def refusal(reply: str, figures: pl.DataFrame, *, limit: int, prompt: str = "") -> Refusal | None:
    """The first reason to refuse a reply, or None where it may be shown.

    Parameters
    ----------
    reply
        The reply, after `tidy`.
    figures
        The names it may use: name, kind, required.
    limit
        Characters it may have.
    prompt
        What the model was told; a run of eight of its words is an echo.

    >>> names = pl.DataFrame({"name": ["net"], "kind": ["inline"], "required": [True]})
    >>> refusal("Campaigns returned {{net}}.", names, limit=100)
    >>> refusal("Campaigns returned 500.", names, limit=100).reason.name
    'DIGIT'
    """
    known = {n: (kind, must) for n, kind, must in figures.select(*_DECLARED).rows()}
    prose = _PLACEHOLDER.sub("\x00", reply)
    taken = _Reply(
        reply,
        tuple(_PLACEHOLDER.findall(reply)),
        prose,
        tuple(re.findall(r"[A-Za-z]+", prose)),
        known,
        limit,
        prompt,
    )
    found = ((reason, check(taken)) for reason, check in _CHECKS)
    return next((Refusal(reason, detail) for reason, detail in found if detail is not None), None)


def fill(reply: str, figures: pl.DataFrame) -> str:
    """The reply with each name's text in its place; a text is never searched for names again.

    >>> fill("It made {{net}}.", pl.DataFrame({"name": ["net"], "text": ["a return of {{x}}"]}))
    'It made a return of {{x}}.'
    """
    texts: dict[str, str] = dict(figures.select("name", "text").rows())
    return _PLACEHOLDER.sub(lambda found: texts[found[1]], reply)


def _empty(reply: _Reply) -> str | None:
    return None if reply.text.strip() else "write the summary"


def _declined(reply: _Reply) -> str | None:
    return "write the summary, from the data alone" if DECLINES.search(reply.text) else None


def _too_long(reply: _Reply) -> str | None:
    over = len(reply.text) > reply.limit
    return f"stay under {reply.limit} characters" if over else None


def _unknown_name(reply: _Reply) -> str | None:
    unknown = [name for name in reply.names if name not in reply.figures]
    return "use only the names given" if unknown else None


def _digit(reply: _Reply) -> str | None:
    digits = [c for c in reply.prose if _numeric(c)]
    return "write no digit: figures come from {{name}} alone" if digits else None


def _numeric(char: str) -> bool:
    return unicodedata.category(char)[0] == "N" or unicodedata.numeric(char, None) is not None


def _markup(reply: _Reply) -> str | None:
    prose = reply.prose.replace("\x00", "")
    if "\x00" in reply.text or not _PROSE.fullmatch(prose):
        return "use letters, spaces and plain punctuation alone: no symbols, no markup"
    lines = [line for line in reply.prose.split("\n") if line]
    if _STRUCTURE.search(reply.prose) or not all(map(_LINE_START.match, lines)):
        return "write plain paragraphs; a line begins with a word, a name or '- '"
    return None


def _misplaced(reply: _Reply) -> str | None:
    if _TOUCHING.search(reply.text):
        return "put a space or punctuation with a space around each {{name}}"
    for name, count in Counter(reply.names).items():
        kind = reply.figures[name][0]
        if count > _MOST[kind]:
            return f"use {{{{{name}}}}} less often"
        if kind == LINE and not re.search(
            rf"^(?:- )?\{{\{{{name}\}}\}}$", reply.text, re.MULTILINE
        ):
            return f"put {{{{{name}}}}} on a line of its own"
    return None


def _missing(reply: _Reply) -> str | None:
    must = [name for name, (_, required) in reply.figures.items() if required]
    left_out = [name for name in must if name not in reply.names]
    if left_out:
        return f"place {{{{{left_out[0]}}}}}"
    opening = next((name for name in must if reply.figures[name][0] == LINE), None)
    if opening and not reply.text.startswith(f"{{{{{opening}}}}}"):
        return f"begin with {{{{{opening}}}}}"
    return None


def _number_word(reply: _Reply) -> str | None:
    unbroken = re.findall(r"[A-Za-z]+", re.sub(r"(?<=[A-Za-z])[-'’](?=[A-Za-z])", "", reply.prose))
    spelled = [word for word in (*reply.words, *unbroken) if is_number(word)]
    if spelled:
        return f"do not write {spelled[0].lower()!r}: no number, unit or rate in words"
    return "do not space out a word" if _SPACED.search(reply.prose) else None


def _judgement(reply: _Reply) -> str | None:
    low = " ".join(reply.words).lower()
    judged = [w for w in low.split() if w in JUDGEMENTS]
    judged += [phrase for phrase in PHRASES if f" {phrase} " in f" {low} "]
    return f"do not write {judged[0]!r}: the verdict and reasons judge" if judged else None


def _advice(reply: _Reply) -> str | None:
    given = [w.lower() for w in reply.words if w.lower() in ADVICE]
    return f"do not write {given[0]!r}: only {{{{rec_N}}}} asks for action" if given else None


def _echo(reply: _Reply) -> str | None:
    def runs(words: list[str]) -> set[tuple[str, ...]]:
        return {tuple(words[i : i + _ECHO_WORDS]) for i in range(len(words) - _ECHO_WORDS + 1)}

    said, told = (re.findall(r"[a-z]+", text.lower()) for text in (reply.prose, reply.prompt))
    return "do not repeat the instructions" if runs(said) & runs(told) else None


# In the order in which a reason says most about what went wrong.
_CHECKS: tuple[tuple[Reason, Callable[[_Reply], str | None]], ...] = (
    (Reason.EMPTY, _empty),
    (Reason.TOO_LONG, _too_long),
    (Reason.DECLINED, _declined),
    (Reason.ECHO, _echo),
    (Reason.DIGIT, _digit),
    (Reason.UNKNOWN_NAME, _unknown_name),
    (Reason.MARKUP, _markup),
    (Reason.NUMBER_WORD, _number_word),
    (Reason.MISPLACED, _misplaced),
    (Reason.MISSING, _missing),
    (Reason.JUDGEMENT, _judgement),
    (Reason.ADVICE, _advice),
)
