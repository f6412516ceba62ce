"""`mktorch.experiment`: an A/B test from a frame of users, in one call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import polars as pl

from mktorch import stats
from mktorch.sources.frames import as_polars
from mktorch.sources.rules import SourceError
from mktorch.userlevel.compare import Asked, compare
from mktorch.userlevel.metrics import (
    Column,
    Columns,
    ExperimentError,
    Measure,
    Role,
    measures,
)
from mktorch.userlevel.moments import count_units, sum_up, together
from mktorch.userlevel.result import ANSWERS, NUMBERS, WHOLE, Experiment, Verdict

__all__ = ["experiment"]

_VALUE = "~value"


def experiment(
    frame: object,
    *,
    variant: str,
    metric: Columns,
    unit: str | None = None,
    control: str | None = None,
    covariate: Column | Mapping[str, Column] | None = None,
    guardrail: Columns = (),
    lower_is_better: Iterable[str] = (),
    segment: str | Sequence[str] = (),
    shares: Mapping[str, float] | None = None,
    alpha: float = 0.05,
    correction: str = "holm",
    alternative: str = "two_sided",
) -> Experiment:
    """Compare every variant with the control on every metric, unit by unit.

    Parameters
    ----------
    frame
        Of Polars, pandas or Arrow: one row per unit, or many that `unit` tells apart.
    variant
        The column that names each row's arm.
    metric
        A column, a pair (numerator, denominator), a list of these, or a mapping of names to them.
        Values that are all 0 or 1 (or flags) are conversions, others means.
    unit
        The column of what chance assigned, such as the user. Rows of one unit are added up (a flag
        is true where any row's is). None: every row is a unit.
    control
        The arm the others are compared with; by default the first name in order.
    covariate
        What was measured before the experiment: a column or pair for every metric, or a mapping of
        metrics to them. Adjusts for what it explains (CUPED), ratios too.
    guardrail
        As `metric`: what must not get worse. Each is judged by its own p-value, uncorrected, so
        that harm is not overlooked.
    lower_is_better
        Names of metrics and guardrails where down is good.
    segment
        Columns of what was known of a unit before the experiment; every metric is compared within
        each of their values too.
    shares
        The share of units that each variant was to get; then the split is checked.
    alpha, alternative
        Level of tests and intervals; `two_sided`, or `greater` or `less` for the variant.
    correction
        Of p-values for several tests at once (`mktorch.stats.Correction`): over all metrics and
        variants together, and apart from these over all segments, metrics and variants.

    Returns
    -------
    Experiment
        To be read as it is, to be drawn (`forest()`), or as a frame (`to_polars()`).

    Raises
    ------
    ExperimentError
        Where the frame or an argument makes no experiment; says what to change.

    Examples
    --------
    >>> users = pl.DataFrame({
    ...     "group": ["A"] * 80 + ["B"] * 70,
    ...     "bought": [True] * 48 + [False] * 32 + [True] * 56 + [False] * 14,
    ... })
    >>> print(experiment(users, variant="group", metric="bought"))
    Experiment: B against A (control), 150 units
      metric  variant  control  value    lift     95% interval  p (holm)
      bought        B    60.0%  80.0%  +33.3%  +6.9% to +69.2%     0.011  better
    """
    try:
        rows = as_polars(frame, "frame")
    except SourceError as error:
        raise ExperimentError(str(error)) from None
    wanted = measures(metric, guardrail, covariate, lower_is_better)
    segments = (segment,) if isinstance(segment, str) else tuple(segment)
    asked = _asked(alpha, alternative, correction)
    counted = count_units(rows, unit, variant, segments, wanted)
    arms = counted.units.group_by(variant).agg(units=pl.len().cast(pl.Int64)).sort(variant)
    names = arms[variant].to_list()
    first = _control(names, control)
    compared = pl.concat(
        [
            _population(counted.units, column, variant, (names, first), wanted, asked)
            for column in (None, *segments)
        ]
    )
    return Experiment(
        results=_judged(compared, wanted, alpha, correction),
        arms=arms.rename({variant: "variant"}),
        control=names[first],
        alpha=alpha,
        correction=correction,
        allocation_p=_allocation(arms, variant, shares),
        left_out={reason: n for reason, n in counted.left_out.items() if n},
    )


def _asked(alpha: float, alternative: str, correction: str) -> Asked:
    if not 0 < alpha < 0.5:
        raise ExperimentError(f"alpha {alpha} is no level: use a number between 0 and 0.5")
    for word, given, known in (
        ("alternative", alternative, stats.Alternative),
        ("correction", correction, stats.Correction),
    ):
        if given not in list(known):
            raise ExperimentError(f"{word} {given!r} is unknown: use {', '.join(known)}")
    return Asked(alpha, alternative)


def _control(names: list[str], control: str | None) -> int:
    if len(names) < 2:
        raise ExperimentError(f"variant: two arms are needed, found {', '.join(names) or 'none'}")
    if control is None:
        return 0
    if str(control) not in names:
        raise ExperimentError(f"control {control!r} is no variant; known are {', '.join(names)}")
    return names.index(str(control))


def _population(
    units: pl.DataFrame,
    column: str | None,
    variant: str,
    arms: tuple[list[str], int],
    wanted: tuple[Measure, ...],
    asked: Asked,
) -> pl.DataFrame:
    """Every metric and variant against the control: of all units, or within values of a segment.

    Where a value lacks an arm its answers are null.
    """
    names, first = arms
    value = pl.lit(WHOLE) if column is None else pl.col(column)
    groups, moments = sum_up(units.with_columns(value.alias(_VALUE)), (_VALUE, variant), wanted)
    values = groups[_VALUE].unique(maintain_order=True)
    cells = groups.select(
        pl.col(_VALUE).rank("dense") * len(names)
        - len(names)
        + pl.col(variant).replace_strict(names, range(len(names)), return_dtype=pl.Int64)
    ).to_series()
    arm, place = np.tile(np.arange(len(names)), values.len()), np.arange(len(names) * values.len())
    chosen = place[arm != first]
    controls = chosen - arm[chosen] + first
    said = pl.DataFrame(
        {
            "by": pl.Series([column] * chosen.size, dtype=pl.String),
            "segment": values.gather(chosen // len(names)),
            "variant": pl.Series(names, dtype=pl.String).gather(arm[chosen]),
        }
    )
    frames = []
    for measure, sums in zip(wanted, moments, strict=True):
        spread = together(sums, cells.to_numpy(), place.size)
        answers = _frame(compare(spread.at(controls), spread.at(chosen), measure, asked))
        told = said.with_columns(role=pl.lit(str(measure.role)), metric=pl.lit(measure.name))
        frames.append(told.hstack(answers).select(ANSWERS))
    return pl.concat(frames)


def _frame(columns: Mapping[str, object]) -> pl.DataFrame:
    """Arrays as the columns of numbers; one that is not finite, or absent, is null."""
    number = pl.col(pl.Float64)
    given = pl.DataFrame(dict(columns)).with_columns(pl.when(number.is_finite()).then(number))
    absent = (name for name in NUMBERS if name not in given.columns)
    return given.with_columns(pl.lit(None, pl.Float64).alias(name) for name in absent).with_columns(
        pl.col("control_units", "variant_units").cast(pl.Int64)
    )


def _judged(
    compared: pl.DataFrame, wanted: tuple[Measure, ...], alpha: float, correction: str
) -> pl.DataFrame:
    """Adds adjusted p-values and what each row says.

    One family are all metrics and variants of the whole, another all of the segments; a guardrail
    of the whole stands alone.
    """
    whole = pl.col("segment").eq(WHOLE) & pl.col("by").is_null()
    guard = whole & (pl.col("role") == str(Role.GUARDRAIL))
    told = compared.with_columns(
        family=pl.when(guard).then(pl.int_range(2, pl.len() + 2)).when(whole).then(0).otherwise(1)
    )
    p = told["p_value"].fill_null(float("nan")).to_numpy()
    adjusted = stats.adjust(p, correction, family=told["family"].to_numpy())
    lower = [measure.name for measure in wanted if measure.lower_is_better]
    sign = pl.when(pl.col("metric").is_in(lower)).then(-1.0).otherwise(1.0)
    words = {
        Verdict.UNDEFINED: pl.col("p_value").is_null(),
        Verdict.UNCLEAR: pl.col("adjusted_p_value") >= alpha,
        Verdict.BETTER: pl.col("difference") * sign > 0,
        Verdict.WORSE: pl.lit(value=True),
    }
    return told.with_columns(
        adjusted_p_value=pl.Series(adjusted, dtype=pl.Float64).fill_nan(None)
    ).select(
        *ANSWERS,
        "adjusted_p_value",
        pl.coalesce(
            pl.when(condition).then(pl.lit(str(word))) for word, condition in words.items()
        ).alias("verdict"),
    )


def _allocation(
    arms: pl.DataFrame, variant: str, shares: Mapping[str, float] | None
) -> float | None:
    """p of the split against the declared shares; null where none are declared."""
    if shares is None:
        return None
    names = arms[variant].to_list()
    if set(names) != set(map(str, shares)) or not all(share > 0 for share in shares.values()):
        raise ExperimentError(
            f"shares: give a positive one for each of {', '.join(names)}, and for no other"
        )
    declared = {str(name): share for name, share in shares.items()}
    units = arms["units"].cast(pl.Float64).to_numpy()
    return float(stats.allocation_test(units, [declared[name] for name in names]).p_value)
