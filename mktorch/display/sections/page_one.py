"""Page one: whose report, the verdict, what to decide, and the summary in words."""

from __future__ import annotations

import re

import polars as pl

from mktorch.display.brand import load_brand
from mktorch.display.page import Lead, Masthead, Prose
from mktorch.display.register import section
from mktorch.display.sections.context import count, locale_of, money, of_campaign, row
from mktorch.display.sections.wording import capital
from mktorch.display.status import Status, Tone
from mktorch.display.tables import Column, Table
from mktorch.formats import CURRENCY, DATE, DATETIME, format_value
from mktorch.runs import Run
from mktorch.vocab import Verdict

_REASONS = 5  # grounds that page one names; the report lists them all
VERDICT = {
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
    """The programme in a word, why, what it means in money, and where things are moving."""
    told = row(run, "verdict")
    because = told["headline"].removeprefix(f"{told['verdict']}: ")
    lines = (
        told[line] or f"{line.replace('_', ' ').capitalize()} not told: {told[f'{line}_reason']}."
        for line in ("so_what", "momentum")
    )
    said = because.split("; ")
    others = [r for r in told["reasons"] if r.partition(":")[0] not in said]
    points = (*lines, *(f"{ground[:1].upper()}{ground[1:]}." for ground in others[:_REASONS]))
    return Lead(
        sentence=f"{because[:1].upper()}{because[1:]}.",
        points=tuple(points),
        status=VERDICT[Verdict(told["verdict"])],
    )


@section("decisions_asked")
def decisions_asked(run: Run, *, whole: bool = False) -> Table:
    """What waits for a person this cycle: the question, who decides, by when, for how much.

    `whole` lists every decision, else `max_decisions` of them.
    """
    rules = run.config.narrative_rules
    asked = run.tables["decisions_asked"].sort("order")
    shown = asked if whole else asked.head(rules.max_decisions)
    rest = asked.height - shown.height
    late = (pl.lit(run.clock.day) - pl.col("due")).dt.total_days()
    frame = shown.with_columns(
        decided_by=capital(pl.col("decided_by")),
        why=capital(pl.col("why")),
        age=pl.concat_str(
            pl.when(late > 0).then(_days("overdue by", late)),
            pl.when(pl.col("age_days") > 0).then(_days("open for", pl.col("age_days"))),
            separator=", ",
            ignore_nulls=True,
        ).replace("", None),
    )
    return Table(
        id="decisions-asked",
        dense=whole,
        frame=frame,
        key=("target_id",),
        columns=(
            Column(name="question", label="Decision", detail="why", weight=3.2),
            Column(name="decided_by", label="Who decides", weight=0.9),
            Column(
                name="due",
                label="By",
                format=DATE,
                detail="age",
            ),
            Column(name="amount", label="Money", format=CURRENCY, missing="no amount is at stake"),
        ),
        title=_asked_finding(run, asked),
        notes=(
            (
                f"By: the end of the cycle of {count(rules.decision_cycle_days, 'day')}, or of the "
                "campaign where that comes first; for a proposal, no later than it goes stale."
            ),
            *([f"{count(rest, 'more decision')} in the governance appendix."] if rest else []),
        ),
        source="decisions_asked",
        empty="No decision waits for a person.",
        locale=locale_of(run),
    )


def _days(words: str, days: pl.Expr) -> pl.Expr:
    unit = pl.when(days == 1).then(pl.lit("day")).otherwise(pl.lit("days"))
    return pl.format(f"{words} {{}} {{}}", days, unit)


@section("measured_summary")
def summary(run: Run) -> Prose:
    """A language model's summary where one stands, and which text stands and why.

    The rules' text is the verdict itself, so it is not told twice.
    """
    told = row(run, "measured_summary")
    text = told["text"] if told["origin"] == "model" else ""
    return Prose(paragraphs=_paragraphs(text), note=told["note"])


def _asked_finding(run: Run, asked: pl.DataFrame) -> str:
    if asked.is_empty():
        return "Nothing waits for a decision."
    who = asked["decided_by"].n_unique()
    largest = asked.drop_nulls("amount").sort("amount", "order", descending=[True, False])
    most = f"; the largest is about {money(run, largest['amount'][0])}" if largest.height else ""
    waits = "waits" if asked.height == 1 else "wait"
    return f"{count(asked.height, 'decision')} {waits} for {count(who, 'owner')}{most}."


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
