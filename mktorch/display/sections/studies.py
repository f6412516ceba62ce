"""Incrementality studies: what the advertising added, how sure that is, and what each unit cost."""

from __future__ import annotations

import polars as pl

from mktorch.analysis.studies import StudyMethod
from mktorch.display.page import Notice
from mktorch.display.register import section
from mktorch.display.sections.context import locale_of, of_campaign
from mktorch.display.sections.experiments import EXPERIMENT
from mktorch.display.sections.wording import texts, with_names
from mktorch.display.status import Status, Statuses, Tone
from mktorch.display.tables import Column, Table
from mktorch.formats import CURRENCY, CURRENCY_EXACT, INTEGER, PERCENT_SIGNED, Format
from mktorch.runs import Run
from mktorch.vocab import ExperimentType
from mktorch.words import count, spaces

ANSWER: Statuses = {
    "more": Status("Increase", Tone.GOOD),
    "less": Status("Decrease", Tone.BAD),
    "unclear": Status("Inconclusive", Tone.STEADY),
    "none": Status("No result", Tone.NONE),
}
_KIND = {ExperimentType.LIFT: "lift study", ExperimentType.GEO: "test by region"}


@section("incrementality_studies", "campaigns")
def incrementality(run: Run, campaign: str = "") -> Table | Notice:
    """Every lift study and test by region: lift, what was added, and the cost of a unit of it.

    Nothing where there is none.
    """
    locale = locale_of(run)
    found = of_campaign(run, "incrementality_studies", campaign)
    if found.is_empty():
        return Notice(cards=())

    def between(name: str, shape: Format) -> pl.Expr:
        low, high = (texts(found[f"{name}_{end}"], shape, locale) for end in ("low", "high"))
        known = pl.any_horizontal(pl.col(f"{name}_{end}").is_not_null() for end in ("low", "high"))
        ends = (pl.lit(end).fill_null(pl.lit("open")) for end in (low, high))
        return pl.when(known).then(pl.format("{} to {}", *ends))

    clear = pl.col("p_value") < run.config.statistical_significance_threshold
    frame = with_names(run, found, "campaign").with_columns(
        label=pl.format(
            "{}, {}", "experiment_id", pl.col("type").replace_strict(_KIND, return_dtype=pl.String)
        ),
        what=pl.format("{}: {}", "campaign", spaces(pl.col("metric"))),
        lift_between=pl.coalesce(between("lift", PERCENT_SIGNED), "study_reason"),
        added_between=between("incremental", INTEGER),
        cost_between=between("cost_per_incremental", CURRENCY_EXACT),
        answer=pl.when(pl.col("incremental").is_null())
        .then(pl.lit("none"))
        .when(~clear)
        .then(pl.lit("unclear"))
        .when(pl.col("incremental") > 0)
        .then(pl.lit("more"))
        .otherwise(pl.lit("less")),
    )
    return Table(
        id="incrementality",
        frame=frame,
        columns=(
            Column(name="label", label="Study", detail="what", weight=1.4),
            Column(name="status", label="State", statuses=EXPERIMENT),
            Column(
                name="lift",
                label="Lift",
                format=PERCENT_SIGNED,
                detail="lift_between",
                missing="for the reason below it",
            ),
            Column(name="answer", label="Answer", statuses=ANSWER),
            Column(name="incremental", label="Added", format=INTEGER, detail="added_between"),
            Column(name="spend", label="Spend", format=CURRENCY, missing="not stated"),
            Column(
                name="cost_per_incremental",
                label="Cost of one",
                format=CURRENCY_EXACT,
                detail="cost_between",
                missing="nothing was added, or the spend is unknown",
            ),
        ),
        title=_finding(frame),
        notes=_notes(found),
        source="incrementality_studies",
        key=("experiment_id",),
        locale=locale,
    )


def _finding(frame: pl.DataFrame) -> str:
    added, lost, unclear, none = (frame.filter(answer=word).height for word in ANSWER)
    parts = (
        f"{added} show{'s' if added == 1 else ''} an increase" if added else "",
        f"{lost} a decrease" if lost else "",
        f"{unclear} {'is' if unclear == 1 else 'are'} inconclusive" if unclear else "",
        f"{none} {'has' if none == 1 else 'have'} no result" if none else "",
    )
    return f"{count(frame.height, 'study', 'studies')}: {', '.join(filter(None, parts))}."


def _notes(found: pl.DataFrame) -> tuple[str, ...]:
    by_region = found.filter(type=ExperimentType.GEO)
    few = by_region.filter(method=StudyMethod.REGRESSION).height
    lines = (
        "Each figure has its interval below it.",
        (
            "Test by region: difference in differences of log totals, test regions against all "
            "others; intervals come from placebos, other regions put in place of the test regions."
            if by_region.height
            else ""
        ),
        f"{count(few, 'test')} with too few regions for placebos: the regression's interval."
        if few
        else "",
    )
    return tuple(filter(None, lines))
