"""What the experiment blocks share: the variants on a page, and figures in words."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from mktorch.analysis.experiments.terms import Verdict
from mktorch.config.experiment_rules import Inference
from mktorch.display.contents import EXPORTS
from mktorch.display.sections.context import (
    of_campaign,
)
from mktorch.display.status import Status, Statuses, Tone
from mktorch.formats import INTEGER, PERCENT, PERCENT_SIGNED, Format, format_value
from mktorch.runs import Run
from mktorch.words import count, spaces

SHOWN = 20  # variants on a page, shared out between the verdicts; the exports hold them all
RECOMMENDATION: Statuses = {
    Verdict.SCALE: Status("Scale", Tone.GOOD),
    Verdict.STOP: Status("Stop", Tone.BAD),
    Verdict.CONTINUE: Status("Continue", Tone.STEADY),
}
_INTERVALS = {
    Inference.HYBRID: "interval of the test that decides",
    Inference.FIXED: "confidence interval",
    Inference.SEQUENTIAL: "always-valid interval",
    Inference.BAYESIAN: "credible interval",
}


def variants(run: Run, campaign: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """All variants, and the up to `SHOWN` of them on a page: every verdict has its share.

    Both hold the columns of `experiment_evaluations`, `campaign` (its name), `creative` (the theme
    the variant shows), `label` (the ids) and `about` (ids, metric and campaign), by verdict and
    then by the size of the lift, unknown ones last.
    """
    verdicts = {str(verdict): i for i, verdict in enumerate(RECOMMENDATION)}
    found = (
        of_campaign(run, "experiment_evaluations", campaign)
        .join(campaign_names(run), on="campaign_id", how="left")
        .join(_themes(run), left_on="variant_asset", right_on="asset_id", how="left")
        .with_columns(
            creative=pl.coalesce("theme", "variant_asset", "experiment_id"),
            _verdict=pl.col("recommendation").replace_strict(verdicts, return_dtype=pl.Int64),
            label=pl.concat_str("experiment_id", pl.lit(" "), "variant_asset", ignore_nulls=True),
        )
        .with_columns(
            about=pl.concat_str(
                "label", spaces(pl.col("metric")), "campaign", separator=", ", ignore_nulls=True
            )
        )
        .sort(
            "_verdict",
            pl.col("improvement").abs(),
            "experiment_id",
            "arm",
            descending=[False, True, False, False],
            nulls_last=True,
        )
        .with_row_index("_row")
    )
    place = pl.int_range(pl.len()).over("_verdict")
    return found, found.sort(place, "_verdict").head(SHOWN).sort("_row")


def _themes(run: Run) -> pl.DataFrame:
    """`asset_id` and the creative's `theme`, with its variant where a theme is not its alone."""
    if "creative_assets" not in run.tables:
        return pl.DataFrame(schema={"asset_id": pl.String, "theme": pl.String})
    shared = pl.struct("campaign_id", "message_theme").is_duplicated()
    return run.tables["creative_assets"].select(
        "asset_id",
        theme=pl.when(shared & pl.col("variant").is_not_null())
        .then(pl.format("{} ({})", "message_theme", "variant"))
        .otherwise("message_theme"),
    )


def campaign_names(run: Run) -> pl.DataFrame:
    """`campaign_id` and the campaign's name as `campaign`."""
    return run.tables["campaigns"].select("campaign_id", pl.col("name").alias("campaign"))


def left_out(found: pl.DataFrame, shown: pl.DataFrame) -> tuple[str, ...]:
    """A note on the variants that a page leaves out; none where it shows all."""
    rest = found.height - shown.height
    note = (
        f"The largest effects for each verdict are shown; {count(rest, 'more variant')} in "
        f"{EXPORTS}/experiments.csv."
    )
    return (note,) if rest else ()


def interval_name(run: Run) -> str:
    """Level and kind of the interval that the run decides by."""
    level = percent(1 - run.config.statistical_significance_threshold)
    return f"{level} {_INTERVALS[run.config.experiment_rules.inference]}"


def texts(frame: pl.DataFrame, write: Callable[..., str | None], *columns: str) -> pl.Series:
    """What `write` makes of each row of `columns`; null where it gives None."""
    values = (frame[column].to_list() for column in columns)
    return pl.Series(map(write, *values), dtype=pl.String)


def signed(value: float | None) -> str | None:
    """A lift with its sign."""
    return None if value is None else format_value(value, PERCENT_SIGNED)


def percent(value: float) -> str:
    """A setting in percent, with a decimal only where it has one.

    >>> percent(0.07), percent(0.125)
    ('7%', '12.5%')
    """
    whole_percent = round(value * 100, 6) % 1 == 0
    return format_value(value, Format(PERCENT.kind, decimals=0 if whole_percent else 1))


def interval(low: float | None, high: float | None) -> str | None:
    """An interval in words; one with a single end is open on the other side.

    >>> interval(-0.031, 0.2), interval(0.05, None), interval(None, None)
    ('\u22123.1% to +20.0%', 'from +5.0%, no upper end', None)
    """
    match signed(low), signed(high):
        case (None, None):
            return None
        case (None, end):
            return f"up to {end}, no lower end"
        case (start, None):
            return f"from {start}, no upper end"
        case (start, end):
            return f"{start} to {end}"


def whole(value: int | None) -> str | None:
    """A count with its separators."""
    return None if value is None else format_value(value, INTEGER)
