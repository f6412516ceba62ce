"""Experiments: how long each has yet to run, and the method and limits all are judged by."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from mktorch.analysis.experiments.terms import Verdict
from mktorch.config.experiment_rules import Inference
from mktorch.display.register import section
from mktorch.display.sections.context import (
    locale_of,
)
from mktorch.display.sections.experiment_facts import percent, texts, variants, whole
from mktorch.display.sections.experiments import correction
from mktorch.display.tables import Column, Table
from mktorch.formats import DATE, INTEGER, PERCENT
from mktorch.runs import Run
from mktorch.vocab import ExperimentStatus
from mktorch.words import count

_INFERENCE = {
    Inference.HYBRID: "Always-valid p-values until the plan is reached, then one fixed test",
    Inference.FIXED: "Fixed p-value, read at every look",
    Inference.SEQUENTIAL: "Always-valid p-values, valid at every look",
    Inference.BAYESIAN: "Chance to beat the control",
}
_METHODS = {
    "mee": "Mee (inverts the score test)",
    "newcombe": "Newcombe",
    "wald": "Wald",
    "agresti_caffo": "Agresti-Caffo",
    "koopman": "Koopman (inverts the score test)",
    "katz": "Katz",
}


@section("experiment_evaluations", "campaigns")
def experiment_timing(run: Run, campaign: str = "") -> Table:
    """Experiments under way: sample so far and needed, and the day the planned sample is there."""
    found, _ = variants(run, campaign)
    running = found.filter(status=str(ExperimentStatus.RUNNING)).sort(
        pl.col("recommendation") == Verdict.CONTINUE,
        "days_left",
        "experiment_id",
        "arm",
        descending=[True, False, False, False],
        nulls_last=True,
    )
    today = run.clock.day
    unit = pl.col("sample_unit")
    held = pl.when(unit == "days").then(pl.min_horizontal("control_days", "variant_days"))
    known = running.with_columns(held=held.otherwise("sample"))
    frame = known.with_columns(
        have=pl.format("{} {}", texts(known, whole, "held"), unit),
        needed=pl.format("{} {}", texts(known, whole, "sample_needed_per_arm"), unit),
        ends=today + pl.col("days_left") * timedelta(days=1),
        state=pl.when(recommendation=str(Verdict.CONTINUE))
        .then(pl.lit("Open"))
        .otherwise(pl.lit("Decided now")),
        why=pl.when(pl.col("days_left").is_null()).then(
            pl.coalesce("planning_reason", pl.lit("no new data"))
        ),
    )
    lift = percent(run.config.lift_threshold_for_scaling)
    power = percent(run.config.experiment_rules.power)
    return Table(
        id="experiment-timing",
        frame=frame,
        columns=(
            Column(name="creative", label="Variant", detail="about", weight=1.6),
            Column(name="state", label="Decision"),
            Column(
                name="have",
                label="Smaller arm",
                origin="experiment_evaluations.sample",
                weight=1.0,
            ),
            Column(
                name="needed",
                label="Needed per arm",
                origin="experiment_evaluations.sample_needed_per_arm",
                missing="the sample cannot be planned",
                weight=1.0,
            ),
            Column(
                name="sample_reached",
                label="Reached",
                format=PERCENT,
                missing="the sample cannot be planned",
            ),
            Column(
                name="days_left",
                label="Days to go",
                format=INTEGER,
                missing="no rate to project from",
            ),
            Column(
                name="ends",
                label="On",
                format=DATE,
                detail="why",
                missing="not projectable",
            ),
            Column(
                name="minimum_detectable_effect",
                label="Detectable lift now",
                format=PERCENT,
                missing="no data",
            ),
        ),
        title=_timing_finding(running),
        notes=(
            (
                f"Needed: trials per arm to detect a lift of {lift} with {power} power. Days to "
                "go: at the current rate, from the report date. Detectable lift now: the "
                f"smallest lift the current sample detects with {power} power."
            ),
        ),
        source="experiment_evaluations",
        key=("experiment_id", "variant_asset"),
        empty="No experiment is running.",
        locale=locale_of(run),
    )


@section()
def experiment_terms(run: Run) -> Table:
    """The method and every limit in force, with the setting that holds it and its origin."""
    config, rules = run.config, run.config.experiment_rules
    main = run.manifest.config_sources
    lines = (
        ("Decision rule", _INFERENCE[rules.inference], "experiment_rules.inference"),
        (
            "Multiple tests",
            correction(run) if rules.correction != "none" else "No correction",
            "experiment_rules.correction",
        ),
        (
            "Level",
            f"p under {config.statistical_significance_threshold:g}",
            "statistical_significance_threshold",
        ),
        (
            "Chance to beat the control",
            (
                f"at least {rules.probability_threshold:g} to win, at most "
                f"{1 - rules.probability_threshold:g} to lose"
            ),
            "experiment_rules.probability_threshold",
        ),
        (
            "Minimum sample",
            f"{whole(config.minimum_sample_size)} trials per arm",
            "minimum_sample_size",
        ),
        (
            "Minimum lift to scale",
            f"at least {percent(config.lift_threshold_for_scaling)}",
            "lift_threshold_for_scaling",
        ),
        ("Power of the planned sample", percent(rules.power), "experiment_rules.power"),
        (
            "Allocation check",
            f"chi-square, p at least {rules.allocation_alpha:g}",
            "experiment_rules.allocation_alpha",
        ),
        (
            "Interval for a difference",
            _METHODS[rules.difference_interval],
            "experiment_rules.difference_interval",
        ),
        (
            "Interval for a lift",
            _METHODS[rules.ratio_interval],
            "experiment_rules.ratio_interval",
        ),
        (
            "Always-valid interval tightest at",
            f"{whole(int(rules.tuning_sample))} trials, {rules.tuning_days:g} days",
            "experiment_rules.tuning_sample",
        ),
        (
            "Prior for a rate",
            f"Beta({rules.prior_alpha:g}, {rules.prior_beta:g})",
            "experiment_rules.prior_alpha",
        ),
        (
            "Testing",
            "on"
            if config.enable_statistical_testing
            else ("off: effects are shown without a decision"),
            "enable_statistical_testing",
        ),
    )
    rows = [
        (what, value, name, main.get(name.partition(".")[0], "default"))
        for what, value, name in lines
    ]
    frame = pl.DataFrame(rows, schema=["what", "value", "setting", "origin"], orient="row")
    return Table(
        id="experiment-terms",
        frame=frame,
        columns=(
            Column(name="what", label="What", weight=1.1),
            Column(name="value", label="In force", weight=1.6),
            Column(name="setting", label="Setting", mono=True, weight=1.5),
            Column(name="origin", label="From", weight=0.7),
        ),
        title=(
            f"{_INFERENCE[rules.inference]}, significance level "
            f"{config.statistical_significance_threshold:g}, minimum lift "
            f"{percent(config.lift_threshold_for_scaling)}."
        ),
        notes=(
            (
                "Proportions: score test, corrected for continuity where counts are small. Ratios "
                "(cost per acquisition, return on spend): Welch's test on the delta method on "
                "daily totals. From: where the setting or its table was set."
            ),
        ),
        source="manifest.json",
        locale=locale_of(run),
    )


def _timing_finding(running: pl.DataFrame) -> str:
    if running.is_empty():
        return "No experiment is running."
    waiting = running.filter(recommendation=str(Verdict.CONTINUE))
    unforeseen = waiting["days_left"].null_count()
    decided = running.height - waiting.height
    tail = f"; {unforeseen} cannot be projected" if unforeseen else ""
    due = waiting.drop_nulls("days_left")["days_left"]
    span = f"; the others reach their planned samples in {_days(due)}" if due.len() else ""
    return (
        f"{decided} of {count(running.height, 'running variant')} can be decided now{span}{tail}."
    )


def _days(days: pl.Series) -> str:
    first, last = (int(str(end)) for end in (days.min(), days.max()))
    return count(first, "day") if first == last else f"{first} to {count(last, 'day')}"
