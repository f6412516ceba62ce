"""Page one: whose report, the verdict, what to decide, and the summary in words."""

from __future__ import annotations

import re

import polars as pl

from mktorch.display.brand import load_brand
from mktorch.display.page import Lead, Masthead, Prose
from mktorch.display.register import section
from mktorch.display.sections.context import (
    locale_of,
    money,
    of_campaign,
    row,
)
from mktorch.display.status import Status, Statuses, Tone
from mktorch.display.tables import Column, Table
from mktorch.formats import (
    CURRENCY,
    CURRENCY_COMPACT,
    DATE,
    DATETIME,
    INTEGER,
    PERCENT,
    format_value,
)
from mktorch.runs import Run
from mktorch.vocab import Verdict
from mktorch.words import (
    capitalized,
    capitals,
    count,
    fewer,
    joined,
    leading_names,
    shortened,
    spaces,
)

_REASONS = 5  # as many as page one has room for
_MANY = 3  # decisions of one topic that share a line there
_NAMED, _NAME = 3, 28  # targets a line names, and their letters
_LINE, _SENTENCE = 96, 180  # letters of a reason or a decision, and of what leads them

_REASONS = 5  # grounds that page one names; the report lists them all
VERDICT: Statuses = {
    Verdict.ON_TRACK: Status("ON TRACK", Tone.GOOD),
    Verdict.WATCH: Status("WATCH", Tone.STEADY),
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
    money_told = (
        told["financial_summary"] or f"The return is not known: {told['financial_summary_reason']}."
    )
    first, _, rest = money_told.partition(". ")
    reasons = (f"{capitalized(reason)}." for reason in told["reasons"][:_REASONS])
    return Lead(
        sentence=shortened(f"{first.removesuffix('.')}.", _SENTENCE),
        points=(
            *([shortened(rest, _SENTENCE)] if rest else []),
            *(fewer(reason, _LINE) for reason in reasons),
        ),
        status=VERDICT[Verdict(told["verdict"])],
    )


@section("verdict_grounds")
def verdict_grounds(run: Run) -> Table:
    """Every ground of the verdict: what was found of it, the amount, and what it calls for."""
    grounds = run.tables["verdict_grounds"].sort("order")
    worst = [word for word in reversed(Verdict) if word in set(grounds["verdict"])]
    called = joined(
        f"{grounds.filter(verdict=str(word)).height} {'call' if not n else ''} for {word}"
        for n, word in enumerate(worst)
    )
    return Table(
        id="verdict-grounds",
        dense=True,
        frame=grounds.with_columns(
            named=capitals(spaces(pl.col("ground"))).str.replace("kpis", "KPIs"),
            because=pl.coalesce("reason", "evidence"),
        ),
        columns=(
            Column(name="named", label="Ground", detail="because", weight=2.4),
            Column(name="value", label="Found", format=INTEGER, missing="for the reason shown"),
            Column(name="money", label="Amount", format=CURRENCY, missing="no amount involved"),
            Column(name="share", label="Of spend", format=PERCENT, missing="no amount involved"),
            Column(name="verdict", label="Calls for", statuses=VERDICT),
        ),
        title=f"Of {count(grounds.height, 'ground')}, {' '.join(called.split())}.",
        notes=("The verdict is the worst that any ground calls for.",),
        source="verdict_grounds",
        key=("order",),
        locale=locale_of(run),
    )


@section("decisions_asked")
def decisions_asked(run: Run, *, whole: bool = False) -> Table:
    """What waits for a person this cycle: the question, who decides, by when, for how much.

    `whole` lists every decision and why; else `max_decisions` lines, one for many of one topic.
    """
    rules = run.config.narrative_rules
    asked = run.tables["decisions_asked"].sort("order")
    shown = asked if whole else _grouped(asked).head(rules.max_decisions)
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
                detail="" if whole else "largest",
                missing="no amount is at stake",
            ),
        ),
        title=_asked_finding(run, asked, whole=whole),
        notes=(
            (
                "Due: the end of the campaign or of the "
                f"{rules.decision_cycle_days}-day cycle, whichever comes first; for a proposal, "
                "no later than the day it goes stale."
            ),
            *(() if whole else ("Every decision is in the governance appendix.",)),
        ),
        source="decisions_asked",
        empty="No proposal, experiment or recommendation awaits a decision.",
        locale=locale_of(run),
    )


def _grouped(asked: pl.DataFrame) -> pl.DataFrame:
    """Decisions of one topic in one row, where there are many; it stands where their first stood.

    `largest` says of how many the amount is that of the first.
    """
    many = pl.len().over("topic") >= _MANY
    key = (
        pl.when(many & pl.col("topic").is_not_null())
        .then("topic")
        .otherwise(pl.col("order").cast(pl.String))
    )
    grouped = asked.group_by(key.alias("_group"), maintain_order=True).agg(
        pl.first("order", "question", "topic", "decided_by", "why", "age_days", "amount"),
        pl.min("due"),
        targets=pl.col("target"),
        number=pl.len(),
    )
    told = [
        f"{topic}: {leading_names([shortened(each, _NAME) for each in targets], _NAMED)}"
        if number > 1
        else question
        for question, topic, targets, number in grouped.select(
            "question", "topic", "targets", "number"
        ).iter_rows()
    ]
    return grouped.with_columns(
        question=pl.Series(told, dtype=pl.String),
        largest=pl.Series(
            [
                f"first of {number:,}" if number > 1 and amount is not None else None
                for number, amount in grouped.select("number", "amount").iter_rows()
            ],
            dtype=pl.String,
        ),
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


def _asked_finding(run: Run, asked: pl.DataFrame, *, whole: bool) -> str:
    if asked.is_empty():
        return "No decision is open."
    who = count(asked["decided_by"].n_unique(), "owner")
    largest = asked.drop_nulls("amount").sort("amount", "order", descending=[True, False])
    fmt = CURRENCY if whole else CURRENCY_COMPACT
    most = f", the largest for {money(run, largest['amount'][0], fmt)}" if largest.height else ""
    opens = "is" if asked.height == 1 else "are"
    return f"{count(asked.height, 'decision')} {opens} open with {who}{most}."


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
            f"Based on {count(read, 'record')} in {count(len(files), 'file')}, "
            f"{rejected or 'none'} rejected; {count(gaps, 'figure')} stated in two records "
            f"{'differs' if gaps == 1 else 'differ'}. Run {run.run_id}, mktorch "
            f"{run.manifest.version}. Definitions, thresholds, data quality and inputs are in "
            "the governance appendix."
        ),
    )
