"""Creative assets: who they speak to, whether they may run, and how they do beside the others."""

from __future__ import annotations

import polars as pl

from mktorch.display.register import section
from mktorch.display.sections.context import (
    locale_of,
    of_campaign,
)
from mktorch.display.sections.wording import (
    channel_names,
    lower_is_better,
    metric_texts,
    with_names,
)
from mktorch.display.status import Status, Statuses, Tone
from mktorch.display.tables import Column, Table
from mktorch.formats import CURRENCY, PERCENT, RATIO, Format, format_value
from mktorch.runs import Run
from mktorch.vocab import Direction
from mktorch.words import count, joined, spaces

# Standings from the gravest to the lightest: the first that holds is shown, the others below it.
STANDING: Statuses = {
    "unapproved": Status("Not approved", Tone.BAD),
    "flagged": Status("Flagged", Tone.WATCH),
    "worse": Status("Behind", Tone.WATCH),
    "better": Status("Ahead", Tone.GOOD),
    "level": Status("Level", Tone.STEADY),
    "silent": Status("No delivery", Tone.NONE),
}


@section("creative_assets", "creative_totals", "creative_standing", "campaigns", "channels")
def assets(run: Run, campaign: str = "") -> Table:
    """Each creative with its standing, spend, return and KPI beside its segment's others."""
    shown = _standing(run, campaign)
    kpi, rest = (
        metric_texts(run, shown["primary_kpi"], shown[c]) for c in ("kpi_value", "rest_value")
    )
    frame = shown.with_columns(
        kpi=kpi,
        others=pl.format("others {}", rest),
        what=pl.coalesce(
            pl.format("{}: {}, {}", "variant", "message_theme", "cta"),
            pl.concat_str("variant", "message_theme", "cta", separator=", ", ignore_nulls=True),
        ),
        flags=pl.concat_str(
            pl.col("also"),
            spaces(pl.col("risk_flags").list.join(", ")).replace("", None),
            separator="; ",
            ignore_nulls=True,
        ).replace("", None),
    )
    level = format_value(1 - run.config.segment_rules.trend_alpha, Format(PERCENT.kind, decimals=0))
    return Table(
        id="assets",
        frame=frame,
        columns=(
            Column(name="asset_id", label="Asset", detail="what", weight=1.5),
            Column(name="segment", label="Segment", detail="channel", weight=1.4),
            Column(name="badge", label="Standing", statuses=STANDING, detail="flags", weight=1.1),
            Column(
                name="cost",
                label="Spend",
                format=CURRENCY,
                origin="creative_totals.cost",
                missing="never delivered",
            ),
            Column(
                name="roas",
                label="Return",
                format=RATIO,
                origin="creative_totals.roas",
                missing="no value or no spend",
            ),
            Column(
                name="kpi",
                label="KPI now",
                origin="creative_standing.kpi_value",
                detail="others",
                align="right",
                missing="no delivery in the current window",
            ),
        ),
        title=_finding(shown),
        notes=(
            (
                "Spend and return on ad spend cover all dates. KPI now: the campaign's primary "
                "KPI in the current window; below it, the pooled KPI of the segment's other "
                f"creatives. Ahead or behind: the {level} interval of the difference excludes 0."
            ),
            *lower_is_better(run, shown["primary_kpi"]),
        ),
        source="creative_assets, creative_totals, creative_standing",
        key=("asset_id",),
        empty="No creatives on record.",
        locale=locale_of(run),
    )


def _standing(run: Run, campaign: str) -> pl.DataFrame:
    """Every creative with what it delivered and how it stands, gravest standing first."""
    spent = run.tables["creative_totals"].select("asset_id", "cost", "roas")
    measured = run.tables["creative_standing"].drop("campaign_id", "segment_id")
    up = pl.col("kpi_direction") == Direction.UP
    held = {
        "unapproved": ~pl.col("approved_by_human"),
        "flagged": pl.col("risk_flags").list.len() > 0,
        "worse": pl.col("shortfall") < 0,
        "better": pl.when(up)
        .then(pl.col("difference_low") > 0)
        .otherwise(pl.col("difference_high") < 0),
        "silent": pl.col("kpi_value").is_null(),
    }
    words = pl.concat_list(
        pl.when(held.get(word, pl.lit(value=False))).then(pl.lit(word)) for word in STANDING
    ).list.drop_nulls()
    gravity = {word: place for place, word in enumerate(STANDING)}
    names = {word: status.word.lower() for word, status in STANDING.items()}
    return (
        with_names(run, of_campaign(run, "creative_assets", campaign), "segment")
        .join(channel_names(run), on="channel_id", how="left", maintain_order="left")
        .join(spent, on="asset_id", how="left", maintain_order="left")
        .join(measured, on="asset_id", how="left", maintain_order="left")
        .with_columns(_words=words)
        .with_columns(
            badge=pl.col("_words").list.first().fill_null("level"),
            also=pl.col("_words")
            .list.slice(1)
            .list.eval(pl.element().replace(names))
            .list.join(", ")
            .replace("", None),
        )
        .sort(
            pl.col("badge").replace_strict(gravity, return_dtype=pl.Int64),
            "cost",
            "asset_id",
            descending=[False, True, False],
            nulls_last=True,
        )
    )


def _finding(found: pl.DataFrame) -> str:
    if found.is_empty():
        return "No creatives on record."
    held = found["_words"].explode().drop_nulls().to_list()
    parts = [
        f"{held.count(word)} {STANDING[word].word.lower()}"
        for word in ("unapproved", "flagged", "worse", "better")
        if word in held
    ]
    creatives = count(found.height, "creative")
    return f"{creatives}: {joined(parts)}." if parts else f"None of {creatives} stands out."
