"""Page one: whose report, the verdict, what to decide, and the summary in words."""

from __future__ import annotations

import re

import polars as pl

from mktorch.display.brand import load_brand
from mktorch.display.page import Lead, Masthead, Prose
from mktorch.display.register import section
from mktorch.display.sections.context import count, locale_of, money, of_campaign, row
from mktorch.display.status import Status, Tone
from mktorch.display.tables import Column, Table
from mktorch.formats import CURRENCY, CURRENCY_COMPACT, DATE, DATETIME, format_value
from mktorch.runs import Run
from mktorch.vocab import Verdict
from mktorch.words import capitals, shortened

_REASONS = 5  # as many as page one has room for
_LINE, _SENTENCE = 110, 330  # letters of a reason or a decision, and of what leads them

VERDICT = {
    Verdict.ON_TRACK: Status("ON TRACK", Tone.GOOD),
    Verdict.ATTENTION: Status("ATTENTION", Tone.WATCH),
    Verdict.CRITICAL: Status("CRITICAL", Tone.BAD),
}


@section()
def masthead(run: Run, campaign: str = "") -> Masthead:
    """Company, moment, scope and run; `campaign` is the one the page looks at."""
    manifest, brand = run.manifest, load_brand()
    scope = campaign or manifest.campaign_id
    held = of_campaign(run, "campaigns").height
    facts = (
        f"As of {format_value(manifest.as_of, DATETIME)}",
        f"Campaign {scope}" if scope else count(held, "campaign"),
        f"Run {run.run_id}",
    )
    if campaign:
        of_campaign(run, "campaigns", campaign)
    return Masthead(company=run.config.company or brand.company, facts=facts, brand=brand)


@section("verdict")
def verdict(run: Run) -> Lead:
    """The program in a word, what it means in money, and the gravest reasons for the word."""
    told = row(run, "verdict")
    money_told = told["so_what"] or f"The return is not known: {told['so_what_reason']}."
    return Lead(
        sentence=shortened(money_told, _SENTENCE),
        points=tuple(shortened(f"{reason}.", _LINE) for reason in told["reasons"][:_REASONS]),
        status=VERDICT[Verdict(told["verdict"])],
    )


@section("decisions_asked")
def decisions_asked(run: Run, *, whole: bool = False) -> Table:
    """What waits for a person this cycle: the question, who decides, by when, for how much.

    `whole` lists every decision and why, else the first are listed, at most `max_decisions`.
    """
    rules = run.config.narrative_rules
    asked = run.tables["decisions_asked"].sort("order")
    shown = asked if whole else asked.head(rules.max_decisions)
    frame = shown.with_columns(
        question=pl.col("question") if whole else _cut(shown["question"]),
        decided_by=capitals(pl.col("decided_by")),
        why=capitals(pl.col("why")),
        age=_age(run, whole),
    )
    return Table(
        id="decisions-asked",
        dense=whole,
        frame=frame,
        key=("order",),
        columns=(
            Column(name="question", label="Decision", detail="why" if whole else "", weight=3.2),
            Column(name="decided_by", label="Owner", weight=0.9),
            Column(name="due", label="Due", format=DATE, detail="age"),
            Column(
                name="amount",
                label="Amount",
                format=CURRENCY if whole else CURRENCY_COMPACT,
                missing="no amount is at stake",
            ),
        ),
        title=_asked_finding(run, asked, shown.height),
        notes=(
            (
                "Due: the end of the campaign or of the "
                f"{rules.decision_cycle_days}-day cycle, whichever comes first; for a proposal, "
                "no later than the day it goes stale."
            ),
        ),
        source="decisions_asked",
        empty="No decision is open.",
        locale=locale_of(run),
    )


def _cut(questions: pl.Series) -> pl.Series:
    return pl.Series([shortened(question, _LINE) for question in questions], dtype=pl.String)


def _age(run: Run, whole: bool) -> pl.Expr:
    late = (pl.lit(run.clock.day) - pl.col("due")).dt.total_days()
    overdue = pl.when(late > 0).then(_days("{} overdue", late))
    opened = pl.when(pl.col("age_days") > 0).then(_days("open {}", pl.col("age_days")))
    told = (overdue, opened) if whole else (overdue,)
    return pl.concat_str(*told, separator=", ", ignore_nulls=True).replace("", None)


def _days(words: str, days: pl.Expr) -> pl.Expr:
    unit = pl.when(days == 1).then(pl.lit("day")).otherwise(pl.lit("days"))
    return pl.format(words.replace("{}", "{} {}"), days, unit)


@section("measured_summary")
def summary(run: Run) -> Prose:
    """A language model's summary where one stands, and which text stands and why.

    The rules' text is the verdict itself, so it is not told twice.
    """
    told = row(run, "measured_summary")
    text = told["text"] if told["origin"] == "model" else ""
    return Prose(paragraphs=_paragraphs(text), note=told["note"])


@section("measured_insights")
def insight(run: Run, campaign: str = "") -> Prose:
    """What was worded about one campaign, and by whom; nothing where nothing was."""
    told = run.tables["measured_insights"].filter(campaign_id=campaign)
    if told.is_empty():
        return Prose(paragraphs=())
    return Prose(paragraphs=_paragraphs(told["text"][0]), note=told["note"][0])


def _asked_finding(run: Run, asked: pl.DataFrame, shown: int) -> str:
    if asked.is_empty():
        return "No decision is open."
    who = count(asked["decided_by"].n_unique(), "owner")
    largest = asked.drop_nulls("amount").sort("amount", "order", descending=[True, False])
    most = f", the largest for {money(run, largest['amount'][0])}" if largest.height else ""
    opens = "is" if asked.height == 1 else "are"
    found = f"{count(asked.height, 'decision')} {opens} open with {who}{most}"
    if shown == asked.height:
        return f"{found}."
    return f"{found}; the first {shown} are listed here, all of them in the governance appendix."


def _paragraphs(markdown: str) -> tuple[str, ...]:
    r"""Harmless Markdown as plain text: paragraphs and list items, unwrapped and unescaped.

    >>> _paragraphs("Net\nreturn \\*up\\*.\n\n- one\n- two\n")
    ('Net return *up*.', '• one', '• two')
    """
    blocks = re.split(r"\n\s*\n|\n(?=- )", markdown.strip())
    joined = (" ".join(block.split()) for block in blocks if block.strip())
    return tuple(re.sub(r"\\(.)", r"\1", re.sub(r"^- ", "\u2022 ", block)) for block in joined)


@section("reconciliations")
def data_basis(run: Run) -> Prose:
    """What the figures rest on, in a line: records read and rejected, gaps, run and version."""
    files = run.manifest.inputs
    read, rejected = sum(file.rows for file in files), sum(file.failed for file in files)
    gaps = run.tables["reconciliations"].filter(verdict="differs").height
    return Prose(
        paragraphs=(),
        note=(
            f"Rests on {count(read, 'record')} in {count(len(files), 'file')}, "
            f"{rejected or 'none'} of them rejected; {count(gaps, 'figure')} of two records "
            f"{'differs' if gaps == 1 else 'differ'}. Run {run.run_id} of mktorch "
            f"{run.manifest.version}. Definitions, thresholds, data quality and inputs are in the "
            "governance report."
        ),
    )
