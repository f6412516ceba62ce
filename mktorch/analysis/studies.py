"""Incrementality studies: a platform's lift study, and a test by region, on one scale."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

import numpy as np
import polars as pl

from mktorch import stats
from mktorch.analysis.experiments.arrays import arrays, table
from mktorch.clock import Clock
from mktorch.config import Metric
from mktorch.metrics import attribute_of
from mktorch.sources.schemas import Experiments
from mktorch.tables import Table, count, fraction, key, money, number, read, reason, same, text
from mktorch.vocab import ExperimentType, Measure

BEFORE_DAYS = 56
"""Days before the start, at most, that a region's change is measured from."""
_KEY = ("experiment_id",)
_STATED = ("test_reached", "test_conversions", "control_reached", "control_conversions", "spend")
_LEVEL = ("statistical_significance_threshold",)
_LIFT = read("experiments", *_STATED[:4], on=_KEY)
_GEO = read("experiments", "test_geos", "start_date", "end_date", on=_KEY)
_MADE = (_LIFT, _GEO, read("rollup_geo_day", *map(str, Measure), on=("campaign_id",)))
_STATEMENT = (_LIFT, _GEO, read("experiments", "spend", on=_KEY))
_COSTED = (*_MADE, read("experiments", "spend", on=_KEY))
_WHY = "study_reason"


class StudyMethod(StrEnum):
    """How a study's interval was made."""

    SCORE = "score"
    PLACEBO = "placebos"
    REGRESSION = "regression"


# fmt: off
class IncrementalityStudies(Table):
    """One row per experiment of type lift or geo: what the advertising added."""

    experiment_id = key("The experiment")
    campaign_id = same(Experiments, "campaign_id", on=_KEY)
    type = same(Experiments, "type", on=_KEY)
    status = same(Experiments, "status", on=_KEY)
    metric = same(Experiments, "metric", on=_KEY)
    start_date = same(Experiments, "start_date", on=_KEY)
    test_units = count("People reached in the test group; of a test by region the test regions",
        read("experiments", "test_reached", "test_geos", on=_KEY), null=_WHY, adds=False)
    control_units = count("People of the control group; of a test by region the control regions",
        read("experiments", "control_reached", "test_geos", on=_KEY), null=_WHY, adds=False)
    lift = fraction("What the advertising added, over what would have come without it", *_MADE,
        null=_WHY)
    lift_low = fraction("Low end of the lift's interval", *_MADE, config=_LEVEL, null=_WHY)
    lift_high = fraction("High end of the lift's interval", *_MADE, config=_LEVEL,
        null="it is open, or for the reason of `study_reason`")
    p_value = number("p", "Chance of a lift as far from 0 without an effect", *_MADE, config=_LEVEL,
        null=_WHY)
    incremental = number("that of the metric", "Conversions, or what else the metric counts, that "
        "the advertising added in the test group", *_MADE, null=_WHY)
    incremental_low = number("that of the metric", "Low end of its interval", *_MADE,
        config=_LEVEL, null=_WHY)
    incremental_high = number("that of the metric", "High end of its interval", *_MADE,
        config=_LEVEL, null=_WHY)
    spend = money("What the test group's advertising cost: as the record states it, else the cost "
        "of the test regions in the test", read("experiments", "spend", on=_KEY),
        read("rollup_geo_day", "cost", on=("campaign_id",)),
        null="the record states none")
    cost_per_incremental = money("Spend / incremental", *_COSTED, over=("spend", "incremental"),
        adds=False, null="nothing was added, or the spend is unknown")
    cost_per_incremental_low = money("Spend / high end of incremental", *_COSTED, adds=False,
        config=_LEVEL, over=("spend", "incremental_high"), null="even the most is nothing added")
    cost_per_incremental_high = money("Spend / low end of incremental", *_STATEMENT, adds=False,
        config=_LEVEL, over=("spend", "incremental_low"), null="perhaps nothing was added")
    method = text("How the interval was made: the score statistic; placebos in other regions; or "
        "the regression, where regions are too few for placebos", _GEO, null=_WHY)
    placebos = count("Placebos behind the interval", _GEO, adds=False,
        null="the study is no test by region")
    study_reason = reason("the lift")
# fmt: on


def incrementality_studies(
    experiments: pl.DataFrame,
    rollup_geo_day: pl.DataFrame,
    registry: Mapping[str, Metric],
    clock: Clock,
    statistical_significance_threshold: float,
) -> pl.DataFrame:
    """`IncrementalityStudies`, sorted by experiment; no row where no experiment is a study.

    A lift study is judged from what the platform reports: people reached and conversions of test
    and control. A test by region from the campaign's own rows that carry a `geo`: difference in
    differences of log totals, the test regions against all others, from up to `BEFORE_DAYS` days
    before the start to the end.
    """
    absent = Experiments.dtypes().items() - experiments.schema.items()
    stated = experiments.with_columns(
        pl.lit(None, dtype).alias(name) for name, dtype in absent if name not in experiments.columns
    )
    alpha = statistical_significance_threshold
    lift = _lift_studies(stated.filter(type=ExperimentType.LIFT), alpha)
    geo = stated.filter(type=ExperimentType.GEO)
    rows = _geo_tests(geo, rollup_geo_day, registry, clock, alpha)
    tested = pl.DataFrame(list(rows), schema={"experiment_id": pl.String, **_ANSWERS})
    studies = pl.concat([lift, geo.drop("spend").join(tested, on="experiment_id")], how="diagonal")
    return IncrementalityStudies.of(_costed(studies).sort("experiment_id"))


_ANSWERS: dict[str, Any] = {
    "test_units": pl.Int64,
    "control_units": pl.Int64,
    **dict.fromkeys(
        (
            *("lift", "lift_low", "lift_high", "p_value"),
            *("incremental", "incremental_low", "incremental_high", "spend"),
        ),
        pl.Float64,
    ),
    "method": pl.String,
    "placebos": pl.Int64,
    "study_reason": pl.String,
}


def _lift_studies(studies: pl.DataFrame, alpha: float) -> pl.DataFrame:
    """Lift studies with their answers, all at once."""
    counts = arrays(
        studies, "control_conversions", "control_reached", "test_conversions", "test_reached"
    )
    x0, _, x1, n1 = counts
    answer = stats.compare_proportions(*counts, alpha=alpha)
    p = np.where(np.isnan(answer.p_value) & (x0 + x1 == 0), 1.0, answer.p_value)
    found = table(
        {
            "lift": stats.lift(*counts),
            "lift_low": answer.lift.low,
            "lift_high": answer.lift.high,
            "p_value": p,
            "incremental": stats.difference(*counts) * n1,
            "incremental_low": answer.difference.low * n1,
            "incremental_high": answer.difference.high * n1,
        }
    )
    more, fewer = (pl.col(f"{arm}_conversions") for arm in ("test", "control"))
    reached, held = (pl.col(f"{arm}_reached") for arm in ("test", "control"))
    rules = {
        "the record lacks people reached or conversions of test or control": pl.any_horizontal(
            each.is_null() for each in (more, fewer, reached, held)
        ),
        "no one was reached in one of the groups": (reached == 0) | (held == 0),
        "more conversions than people: state people who converted": (more > reached)
        | (fewer > held),
        "no conversion in the control group: a lift over nothing has no ratio": fewer == 0,
    }
    why = pl.coalesce(pl.when(broken).then(pl.lit(text)) for text, broken in rules.items())
    return studies.with_columns(
        pl.col("test_reached").cast(pl.Int64).alias("test_units"),
        pl.col("control_reached").cast(pl.Int64).alias("control_units"),
        pl.col("spend").cast(pl.Float64),
        *(found[name] for name in found.columns),
        pl.lit(None, pl.Int64).alias("placebos"),
        why.alias("study_reason"),
    ).with_columns(
        pl.when(pl.col("incremental").is_not_null())
        .then(pl.lit(str(StudyMethod.SCORE)))
        .alias("method")
    )


def _geo_tests(
    tests: pl.DataFrame,
    geo_days: pl.DataFrame,
    registry: Mapping[str, Metric],
    clock: Clock,
    alpha: float,
) -> Iterator[dict[str, Any]]:
    """The answers of each test by region: few of them, each a regression of its own."""
    named = tests.select(
        "experiment_id",
        "campaign_id",
        "start_date",
        pl.col("end_date").fill_null(clock.day).clip(upper_bound=clock.day).alias("last"),
        "test_geos",
        pl.col("spend").cast(pl.Float64),
        pl.coalesce(
            attribute_of(pl.col("metric"), "numerator", registry),
            pl.when(pl.col("metric").is_in([str(m) for m in Measure])).then("metric"),
        ).alias("measure"),
    )
    for row in named.iter_rows(named=True):
        yield {"experiment_id": row["experiment_id"], **_geo_answer(row, geo_days, alpha)}


def _geo_answer(row: Mapping[str, Any], geo_days: pl.DataFrame, alpha: float) -> dict[str, Any]:
    start, last, measure = row["start_date"], row["last"], row["measure"]
    if measure is None:
        return _unanswered("no metric or measure of that name")
    if not row["test_geos"]:
        return _unanswered("the record names no test_geos")
    own = geo_days.filter(campaign_id=row["campaign_id"])
    earliest: date | None = own["date"].min()  # type: ignore[assignment]
    if earliest is None:
        return _unanswered("no row of the campaign carries a geo")
    first = max(earliest, start - timedelta(days=BEFORE_DAYS))
    if first >= start or last < start:
        return _unanswered("the rows do not cover days before and after the start")
    after = pl.col("date").is_between(start, last)
    span = own.filter(pl.col("date").is_between(first, last))
    regions = span.group_by("geo").agg(
        pl.col(measure).filter(~after).sum().cast(pl.Float64).alias("before"),
        pl.col(measure).filter(after).sum().cast(pl.Float64).alias("after"),
        pl.col("cost").filter(after).sum().cast(pl.Float64).alias("cost"),
    )
    before, later = arrays(regions, "before", "after")
    changes = stats.log_changes(before, later, (start - first).days, (last - start).days + 1)
    told = (
        regions.with_columns(
            change=pl.Series(changes, dtype=pl.Float64).fill_nan(None),
            tested=pl.col("geo").is_in(row["test_geos"]),
        )
        .drop_nulls("change")
        .sort("geo")
    )
    test, control = told.filter("tested"), told.filter(~pl.col("tested"))
    if test.is_empty() or control.height < 2:
        return _unanswered(
            "it takes a test region and two control regions that count something before and after"
        )
    found = stats.geo_test(*(side["change"].to_numpy() for side in (test, control)), alpha=alpha)
    if np.isnan(found.gap):
        return _unanswered("no region changed unlike another")
    total = float(test["after"].sum())
    gap, low, high = (found.gap, found.low, found.high)
    return {
        **_unanswered(None),
        "test_units": test.height,
        "control_units": control.height,
        **dict(zip(("lift", "lift_low", "lift_high"), np.expm1([gap, low, high]), strict=True)),
        "p_value": found.p_value,
        **dict(
            zip(
                ("incremental", "incremental_low", "incremental_high"),
                -total * np.expm1([-gap, -low, -high]),
                strict=True,
            )
        ),
        "spend": row["spend"] if row["spend"] is not None else float(test["cost"].sum()),
        "method": str(StudyMethod.PLACEBO if found.by_placebos else StudyMethod.REGRESSION),
        "placebos": found.placebos,
    }


def _unanswered(why: str | None) -> dict[str, Any]:
    return {**dict.fromkeys(_ANSWERS), "study_reason": why}


def _costed(studies: pl.DataFrame) -> pl.DataFrame:
    """Spend per unit that the advertising added; null where that is nothing."""
    ends = {"": "incremental", "_low": "incremental_high", "_high": "incremental_low"}
    return studies.with_columns(
        pl.when(pl.col(added) > 0)
        .then(pl.col("spend") / pl.col(added))
        .alias(f"cost_per_incremental{end}")
        for end, added in ends.items()
    )
