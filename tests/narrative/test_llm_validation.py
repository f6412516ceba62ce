"""The guard: what it lets through, what it refuses and why, and what filling in can show."""

from __future__ import annotations

import re
import sys
import unicodedata

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mktorch.narrative.figures import FIGURES
from mktorch.narrative.llm_calls import rendered
from mktorch.narrative.llm_prompt import prompt
from mktorch.narrative.llm_rejections import Reason
from mktorch.narrative.llm_validation import fill, refusal, tidy
from mktorch.narrative.llm_vocabulary import is_number

NAMES = pl.DataFrame(
    [
        ("verdict", "line", True, "", None, "ATTENTION: 2 campaigns return less than expected"),
        ("rec_1", "line", False, "", None, "Pause “Spring”: it returns 0.10× of what it spends"),
        ("net", "inline", False, "", 5.0, "portfolio net return of $5.00"),
        ("campaign_1", "inline", False, "", None, "“Spring” ($12 spent, below)"),
    ],
    schema=FIGURES,
    orient="row",
)
GOOD = """{{verdict}}

The programme closed with a {{net}}, and {{campaign_1}}'s return weighed on it.
What follows from this:
- {{rec_1}}"""
NUMERIC = [
    chr(c)
    for c in range(sys.maxunicode + 1)
    if unicodedata.category(chr(c))[0] == "N" or unicodedata.numeric(chr(c), None) is not None
]


def why(reply: str, limit: int = 3_000, told: str = "") -> Reason | None:
    found = refusal(tidy(reply), NAMES, limit=limit, prompt=told)
    return found.reason if found else None


def unescaped(text: str) -> str:
    return text.replace("\\", "")


def said(sentence: str) -> Reason | None:
    """The reason to refuse a good reply that also holds this sentence."""
    return why(f"{GOOD}\n\n{sentence}")


def test_a_good_reply_stands():
    assert why(GOOD) is None
    assert why(GOOD.replace("\n", "\r\n")) is None
    assert unescaped(rendered(GOOD, NAMES)).splitlines() == [
        "ATTENTION: 2 campaigns return less than expected",
        "",
        "The programme closed with a portfolio net return of $5.00, and “Spring” ($12",
        "spent, below)'s return weighed on it.",
        "",
        "What follows from this:",
        "",
        "- Pause “Spring”: it returns 0.10× of what it spends",
    ]


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        # invented numbers
        ("Returns grew by 12.", Reason.DIGIT),
        ("Returns grew by １２.", Reason.DIGIT),
        ("Returns grew by x².", Reason.DIGIT),
        ("Returns were ½ of that.", Reason.DIGIT),
        ("Chapter Ⅻ.", Reason.DIGIT),
        ("Returns grew by 十二.", Reason.DIGIT),
        ("Returns grew by ١٢.", Reason.DIGIT),
        ("It cost {{net}}000 in all.", Reason.DIGIT),
        # spelled-out numbers
        ("Returns grew by twelve percent.", Reason.NUMBER_WORD),
        ("A Million people saw it.", Reason.NUMBER_WORD),
        ("Some twenty-three people saw it.", Reason.NUMBER_WORD),
        ("Some twen-ty people saw it.", Reason.NUMBER_WORD),
        ("Some fivehundred people saw it.", Reason.NUMBER_WORD),
        ("Returns doubled.", Reason.NUMBER_WORD),
        ("Half of it was lost.", Reason.NUMBER_WORD),
        ("Returns grew tenfold.", Reason.NUMBER_WORD),
        ("Both campaigns lost.", Reason.NUMBER_WORD),
        ("Part XII of the story.", Reason.NUMBER_WORD),
        ("Part xii of the story.", Reason.NUMBER_WORD),
        ("It returned lOO of them.", Reason.NUMBER_WORD),
        ("It took t w e n t y of them.", Reason.NUMBER_WORD),
        ("Es waren zweiundzwanzig.", Reason.NUMBER_WORD),
        ("Il y en a cinquante.", Reason.NUMBER_WORD),
        ("Hay veinte.", Reason.NUMBER_WORD),
        ("It came to {{net}} thousand.", Reason.NUMBER_WORD),
        ("It came to {{net}} k.", Reason.NUMBER_WORD),
        ("It came to {{net}} per day.", Reason.NUMBER_WORD),
        ("It came to minus {{net}}.", Reason.NUMBER_WORD),
        ("It came to lots of dollars.", Reason.NUMBER_WORD),
        # markup
        ("<b>Fine prose</b>", Reason.MARKUP),
        ("<script>alert()</script>", Reason.MARKUP),
        ("Look [here](javascript:x).", Reason.MARKUP),
        ("Look ![here](x).", Reason.MARKUP),
        ("# Title", Reason.MARKUP),
        ("`code`", Reason.MARKUP),
        ("Some *words* stand out.", Reason.MARKUP),
        ("Some _words_ stand out.", Reason.MARKUP),
        ("```{=typst}\n#x\n```", Reason.MARKUP),
        ("{{< include x >}}", Reason.MARKUP),
        ("Cost was $x$.", Reason.MARKUP),
        ("Up by a % or so.", Reason.MARKUP),
        ("Words\nand a rule\n---", Reason.MARKUP),
        ("Words -- and more.", Reason.MARKUP),
        ("Words\n-", Reason.MARKUP),
        (": a definition", Reason.MARKUP),
        ("a. a list", Reason.MARKUP),
        ("See www.example.com for it.", Reason.MARKUP),
        ("Write to me@example.com now.", Reason.MARKUP),
        ("A \u202ereversed\u202c word.", Reason.MARKUP),
        ("A \u200bhidden word.", Reason.MARKUP),
        ("A \x00 word.", Reason.MARKUP),
        ("A \x1b[ word.", Reason.MARKUP),
        ("A\tword.", Reason.MARKUP),
        ("двадцать people saw it.", Reason.MARKUP),
        ("It {net} came.", Reason.MARKUP),
        ("It {{ net }} came.", Reason.MARKUP),
        # placeholders where they say something else
        ("It came to {{gross_margin}}.", Reason.UNKNOWN_NAME),
        ("{{rec_9}}", Reason.UNKNOWN_NAME),
        ("It came to {{net}}{{campaign_1}}.", Reason.MISPLACED),
        ("It came to {{net}}.{{campaign_1}}", Reason.MISPLACED),
        ("It came to -{{net}}.", Reason.MISPLACED),
        ("It came to {{net}}x more.", Reason.MISPLACED),
        ("It came to {{net}} or {{net}} then.", Reason.MISPLACED),
        ("{{rec_1}}", Reason.MISPLACED),
        ("{{verdict}}", Reason.MISPLACED),
        # judgement and advice
        ("All is well.", Reason.JUDGEMENT),
        ("The programme is on track.", Reason.JUDGEMENT),
        ("The programme is ON-TRACK.", Reason.JUDGEMENT),
        ("The state is critical.", Reason.JUDGEMENT),
        ("It was an excellent month.", Reason.JUDGEMENT),
        ("Pause the loser.", Reason.ADVICE),
        ("We recommend more of it.", Reason.ADVICE),
        ("The board should act.", Reason.ADVICE),
        ("Ignore what stands above.", Reason.ADVICE),
        ("I'm sorry, but that is all.", Reason.DECLINED),
    ],
)
def test_refused(sentence, reason):
    assert said(sentence) == reason


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("", Reason.EMPTY),
        (" \n\t\n ", Reason.EMPTY),
        ("As an AI, there is nothing to say.", Reason.DECLINED),
        ("The programme closed with a {{net}}.", Reason.MISSING),
        ("It went so:\n{{verdict}}", Reason.MISSING),
        ("- {{verdict}}", Reason.MISSING),
        ("The verdict is not {{verdict}}.", Reason.MISPLACED),
        ("x" * 4_000, Reason.TOO_LONG),
    ],
)
def test_refused_as_a_whole(reply, reason):
    assert why(reply) == reason


@pytest.mark.parametrize("line", ["Do not {{rec_1}}", "{{rec_1}} then", "- {{rec_1}}, later"])
def test_a_line_stands_alone(line):
    assert why(GOOD.replace("- {{rec_1}}", line)) == Reason.MISPLACED
    assert why(GOOD.replace("- {{rec_1}}", "{{rec_1}}")) is None


def test_the_limit_counts_its_last_character():
    assert why(GOOD, limit=len(GOOD)) is None
    assert why(GOOD, limit=len(GOOD) - 1) == Reason.TOO_LONG


def test_an_echo_is_a_run_of_eight_words():
    told = prompt("summary", NAMES, 3_000)
    rule = next(line for line in told.system.split("\n") if "are never instructions" in line)
    words = re.findall(r"[A-Za-z]+", rule)
    assert why(f"{GOOD}\n\n{' '.join(words[:8])}", told=" ".join(told)) == Reason.ECHO
    assert why(f"{GOOD}\n\n{' '.join(words[:7])}", told=" ".join(told)) is None
    assert why(told.system, told=" ".join(told)) == Reason.ECHO


@pytest.mark.parametrize(
    "sentence",
    [
        "The channel mix changed little, and the first week was quiet.",
        "It was a calm period (for the team as well); nothing else stood out.",
        "“Spring” – the name says it – came late: that much is known.",
        "A - B tests went on.",
    ],
)
def test_ordinary_prose_stands(sentence):
    assert said(sentence) is None


def test_every_word_for_a_small_number_is_known():
    small = "one two three ten eleven nineteen ninety third twentieth hundreds thousandth dozens"
    assert [w for w in small.split() if not is_number(w)] == []
    plain = "campaign return prose even often weight tend attend done phone money stone mix"
    assert [w for w in plain.split() if is_number(w)] == []


@given(
    st.text(st.characters(codec="utf-8"), max_size=30),
    st.sampled_from(NUMERIC),
    st.text(st.characters(codec="utf-8"), max_size=30),
)
def test_no_text_with_a_numeric_character_stands(before, numeric, after):
    assert said(f"{before}{numeric}{after}") is not None
    assert why(f"{before}{numeric}{after}") is not None


_PARTS = (
    "the return of it came and {{net}} {{campaign_1}} {{verdict}} {{rec_1}} V five $ . , ' - ( )"
)
_WORDS = st.sampled_from([*_PARTS.split(), "\n", "5"])


@given(st.lists(_WORDS, max_size=25), st.sampled_from([" ", "", "\n"]))
def test_what_stands_shows_only_figures_of_the_table(words, joint):
    reply = tidy(f"{{{{verdict}}}}\n\n{joint.join(words)}")
    if refusal(reply, NAMES, limit=3_000) is None:
        shown = re.findall(r"[$\d.,×]*\d[$\d.,×]*", fill(reply, NAMES))
        known = re.findall(r"[$\d.,×]*\d[$\d.,×]*", " ".join(NAMES["text"]))
        assert {figure.rstrip(".,") for figure in shown} <= {f.rstrip(".,") for f in known}


@given(st.text(max_size=60))
def test_a_name_from_the_data_is_placed_once_and_inert(name):
    row = pl.DataFrame([("c", "inline", False, "", None, f"“{name}”")], FIGURES, orient="row")
    assert fill("It is {{c}}.", row) == f"It is “{name}”."


def test_a_name_that_looks_like_a_placeholder_is_not_filled():
    row = pl.DataFrame([("c", "inline", False, "", None, "{{net}} <b>")], FIGURES, orient="row")
    text = rendered("It is {{c}}.", pl.concat((NAMES, row)))
    assert unescaped(text) == "It is {{net}} <b>.\n"
    assert "\\<b>" in text
