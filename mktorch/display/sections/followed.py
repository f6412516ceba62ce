"""What followed the recommendations of earlier runs."""

from __future__ import annotations

import polars as pl

from mktorch.changes import earlier_runs
from mktorch.display.page import Prose
from mktorch.display.register import section
from mktorch.display.sections.context import locale_of
from mktorch.display.sections.decisions import OUTCOME
from mktorch.display.sections.wording import texts
from mktorch.display.tables import Column, Table
from mktorch.followed import Taken, followed
from mktorch.formats import DATE, PERCENT_SIGNED, format_value
from mktorch.runs import Run
from mktorch.words import count

_WORDS = {
    Taken.DECISION: "Decision",
    Taken.BUDGET_ACTION: "Budget action",
    Taken.STATUS: "Status of",
}
_MOST = 8  # rows on a page


@section()
def recommendations_followed(run: Run) -> Table | Prose:
    """The recommendations that a later record took up, and the KPI in the days after."""
    earlier = earlier_runs(run)
    if not earlier:
        return Prose(
            paragraphs=("No earlier run is on record, so no recommendation can be followed up.",)
        )
    every = followed(earlier, run)
    taken = every.filter(pl.col("taken_up") != Taken.NOTHING)
    locale = locale_of(run)
    ends = (
        texts(taken[name], PERCENT_SIGNED, locale) for name in ("lift", "lift_low", "lift_high")
    )
    words = {str(word): said for word, said in _WORDS.items()}
    return Table(
        id="recommendations-followed",
        frame=taken.with_columns(
            by=pl.format("{} {}", pl.col("taken_up").replace(words), "record"),
            change=pl.format("{} ({} to {})", *ends),
            day=pl.col("on").dt.date(),
        ),
        columns=(
            Column(name="description", label="Recommendation", detail="said", weight=2.6),
            Column(name="by", label="Taken up by", weight=1.2),
            Column(name="day", label="On", format=DATE, missing="the record does not say"),
            Column(name="change", label="KPI after", missing="not measured", weight=1.3),
            Column(name="verdict", label="Outcome", statuses=OUTCOME, missing="not measured"),
        ),
        title=_finding(every, taken),
        notes=(
            (
                "KPI after: the campaign's primary KPI in the days after, relative to the days "
                "before, with its interval. What followed need not be caused by the action. First "
                f"asked since {format_value(every['asked_on'].min(), DATE, locale)}."
            ),
        )
        if every.height
        else (),
        source="recommendations_followed",
        key=("recommendation_id",),
        empty="No later record took one up.",
        most=_MOST,
        locale=locale,
    )


def _finding(every: pl.DataFrame, taken: pl.DataFrame) -> str:
    if every.is_empty():
        return "Earlier runs made no recommendations."
    gone = every.filter(~pl.col("stands"), taken_up=str(Taken.NOTHING)).height
    rest = every.height - taken.height - gone
    return (
        f"Of {count(every.height, 'earlier recommendation')}, {taken.height} were taken up, {gone} "
        f"no longer apply and {rest} are open."
    )
