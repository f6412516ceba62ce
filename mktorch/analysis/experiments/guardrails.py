"""Guardrails: the metrics that a variant must not worsen, whatever it does for its own."""

from __future__ import annotations

import polars as pl

from mktorch.analysis.experiments.arms import arm_totals, pairs
from mktorch.analysis.experiments.clusters import days, units, with_clusters
from mktorch.analysis.experiments.effects import with_effects
from mktorch.analysis.experiments.terms import Decider, Terms
from mktorch.metrics import attribute_of

_KEY = ["experiment_id", "arm"]
_SCHEMA = {
    "experiment_id": pl.String,
    "arm": pl.Int64,
    "label": pl.String,
    "worse": pl.Boolean,
    "change": pl.Float64,
    "p_value": pl.Float64,
    "always_valid_p": pl.Float64,
}


def guardrail_checks(
    experiments: pl.DataFrame, arm_days: pl.DataFrame, arm_units: pl.DataFrame, terms: Terms
) -> pl.DataFrame:
    """One row per experiment, variant arm and metric of its `guardrail`, in the order declared.

    Columns: experiment_id, arm, `label`, `worse` (the variant's value is), `change` (relative, null
    over a control of 0), `p_value` and `always_valid_p`, as those of the experiment's own metric.
    """
    parts = [pl.DataFrame(schema=_SCHEMA)]
    if "guardrail" in experiments.columns and terms.testing:
        named = experiments.filter(pl.col("guardrail").list.len() > 0)
        most = named.select(pl.col("guardrail").list.len().max().fill_null(0)).item()
        parts += [_checked(named, place, arm_days, arm_units, terms) for place in range(most)]
    return pl.concat(parts)


def _checked(
    named: pl.DataFrame,
    place: int,
    arm_days: pl.DataFrame,
    arm_units: pl.DataFrame,
    terms: Terms,
) -> pl.DataFrame:
    """The guardrails at one place of the experiments' lists."""
    metric = pl.col("guardrail").list.get(place, null_on_oob=True)
    asked = named.with_columns(metric=metric).drop_nulls("metric")
    compared = pairs(arm_totals(asked, arm_days, terms))
    clustered = with_clusters(
        compared, days(compared, arm_days, terms), units(compared, arm_units, terms)
    )
    return with_effects(clustered, terms).select(
        *_KEY,
        attribute_of(pl.col("metric"), "label", terms.metrics).str.to_lowercase().alias("label"),
        (pl.col("difference") * pl.col("sign") < 0).alias("worse"),
        pl.col("lift").alias("change"),
        "p_value",
        "always_valid_p",
    )


def with_guardrails(evidence: pl.DataFrame, checks: pl.DataFrame, terms: Terms) -> pl.DataFrame:
    """Adds `guardrails`, how many an experiment declares, `guardrails_worse`, how many of them the
    variant worsens significantly by the test that decides, and `guardrail_note`, which says so.

    Each is judged by itself at the significance threshold: what guards is not corrected away.
    """
    sequential = pl.col("decider") == Decider.ALWAYS_VALID
    p = pl.when(sequential).then("always_valid_p").otherwise("p_value")
    harmed = (pl.col("worse") & (p < terms.alpha)).fill_null(value=False)
    percent = (100 * pl.col("change")).round(1)
    signed = pl.when(percent > 0).then(pl.format("+{}%", percent)).otherwise(
        pl.format("−{}%", percent.abs())
    )  # fmt: skip
    said = (
        pl.when(harmed)
        .then(pl.format("{} is significantly worse ({})", "label", signed.fill_null("from 0")))
        .when(p.is_null())
        .then(pl.format("{} cannot be tested", "label"))
        .otherwise(pl.format("{} is not significantly worse", "label"))
    )
    found = (
        checks.join(evidence.select(*_KEY, "decider"), on=_KEY)
        .group_by(_KEY, maintain_order=True)
        .agg(
            pl.len().cast(pl.Int64).alias("guardrails"),
            harmed.sum().cast(pl.Int64).alias("guardrails_worse"),
            said.str.join("; ").alias("guardrail_note"),
        )
    )
    return evidence.join(found, on=_KEY, how="left", maintain_order="left").with_columns(
        pl.col("guardrails", "guardrails_worse").fill_null(0)
    )
