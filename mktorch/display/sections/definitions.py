"""Definitions and thresholds in force: every setting, every KPI, every metric."""

from __future__ import annotations

import ast
import inspect
import json
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise
from textwrap import dedent
from typing import Any

import polars as pl
from pydantic import BaseModel

from mktorch.config import MarketingOrchestratorConfig
from mktorch.display.register import section
from mktorch.display.sections.context import (
    locale_of,
)
from mktorch.display.sections.kpis import GROUP_NAMES, figures, tier_limits
from mktorch.display.tables import Column, Table
from mktorch.kpis import KPIS, LABELS
from mktorch.metrics import METRICS, registry
from mktorch.runs import Run
from mktorch.vocab import Direction, Tier
from mktorch.words import count

# What the settings outside a table of rules mean; those in one say so where they are declared.
MEANING = {
    "llm_model": "Language model that drafts text from rule decisions",
    "temperature": "Sampling temperature, 0 to 2",
    "data_dir": "Folder with source files",
    "runs_dir": "Folder for runs",
    "reports_dir": "Folder for reports",
    "as_of": "Report date; if not set, the newest timestamp",
    "reporting_timezone": "Time zone for report days",
    "duplicates": "Which of several rows with the same key is kept",
    "grain": "Columns that split rows with the same key",
    "exchange_rates": "Exchange rate to the reporting currency",
    "maximum_rejected_share": "Maximum share of rows or spend rejected",
    "window_days": "Length of the current and prior windows, in days",
    "money_authority": "Source of spend and value where two exist",
    "currency": "Reporting currency",
    "target_roas": "Target return on ad spend",
    "performance_thresholds": "Share of target return required for each verdict",
    "statistical_significance_threshold": "Significance level",
    "minimum_sample_size": "Minimum trials per arm",
    "lift_threshold_for_scaling": "Minimum relative lift to scale",
    "metrics": "Custom metrics",
    "operational_kpi_targets": "KPI target",
    "effectiveness_kpi_targets": "KPI target",
    "business_kpi_targets": "KPI target; 0 means no target for a KPI that should rise",
    "kpi_warning_threshold": "Attainment below which a KPI is at risk",
    "kpi_critical_threshold": "Attainment below which it is critical",
    "cost_per_human_review_hour": "Cost per hour of review",
    "cost_per_llm_call": "Cost per language model call",
    "cost_per_api_call": "Cost per other service call",
    "infrastructure_cost_per_month": "Infrastructure cost per month",
    "rate_tolerance": "Maximum relative gap between a supplied rate and its counts",
    "money_tolerance": "Maximum relative gap between two records of one total",
    "validation_severity": "Validation rules with changed severity",
    "enable_progress_tracking": "Show a progress bar",
    "enable_kpi_tracking": "Compute KPIs",
    "enable_statistical_testing": "Test experiments; if off, effects are shown without a decision",
    "enable_reporting": "Write reports",
    "enable_validation": "Validate source rules; if off, types only",
    "enable_llm_summary": "Language model drafts the summary",
    "llm_summary_max_tokens": "Maximum summary length, in tokens",
    "enable_llm_insights": "Language model drafts campaign insights",
    "llm_insights_max_campaigns": "Maximum campaigns with drafted insights",
    "company": "Company name",
    "locale": "Number and date format",
    "page_size": "PDF paper size",
    "max_deep_dives": "Maximum campaigns with a deep dive, most at stake first",
}
_MAIN = "Main settings"
_BETTER = {str(Direction.UP): "Higher", str(Direction.DOWN): "Lower"}


@section()
def thresholds(run: Run) -> Table:
    """Every setting and every entry of every table of rules: value, origin and meaning."""
    rows = list(_settings(run))
    frame = pl.DataFrame(
        rows, schema=["group", "setting", "value", "origin", "meaning"], orient="row"
    )
    changed = frame.filter(pl.col("origin") != "default").height
    return Table(
        id="thresholds",
        dense=True,
        frame=frame,
        columns=(
            Column(name="setting", label="Setting", mono=True, weight=1.6),
            Column(name="value", label="Value", weight=1.1),
            Column(name="origin", label="From", weight=0.5),
            Column(name="meaning", label="Meaning", missing="no description", weight=3.2),
        ),
        group="group",
        title=(
            f"{count(frame.height, 'setting')} in force, {changed or 'none'} changed from the "
            "default."
        ),
        notes=(
            (
                "Grouped by configuration table. From: the file, environment variable or "
                "argument that set the value; unchanged entries count as default."
            ),
        ),
        source="manifest.json",
        locale=locale_of(run),
    )


@section("measured_kpis")
def kpi_definitions(run: Run) -> Table:
    """What each KPI is, which way is better, and the target in force."""
    known = run.tables["measured_kpis"]
    targets = figures(known, "target", locale_of(run))
    frame = known.with_columns(
        label=pl.col("kpi").replace(LABELS),
        definition=pl.col("kpi").replace_strict({kpi.name: kpi.words for kpi in KPIS}),
        direction=pl.col("better").replace_strict(_BETTER, default=None),
        target_text=pl.when(pl.col("tier") != Tier.NOT_SCORED).then(targets),
        family=pl.col("group").replace_strict(
            {str(group): name for group, name in GROUP_NAMES.items()}, default=pl.col("group")
        ),
    )
    warning, critical = tier_limits(run)
    scored = frame["target_text"].count()
    return Table(
        id="kpi-definitions",
        dense=True,
        frame=frame,
        columns=(
            Column(name="label", label="KPI", detail="kpi", weight=1.4),
            Column(name="definition", label="Definition", weight=2.4),
            Column(name="direction", label="Better"),
            Column(name="target_text", label="Target", align="right", missing="no target set"),
        ),
        group="family",
        title=f"{scored} of {count(frame.height, 'KPI')} have a target.",
        notes=(
            (
                "Attainment: value / target, or target / value where lower is better. At risk "
                f"below {warning}, critical below {critical}. Windows: the "
                f"{run.config.window_days} days through the report date and the same number of "
                "days before."
            ),
        ),
        source="measured_kpis",
        locale=locale_of(run),
    )


@section()
def metric_definitions(run: Run) -> Table:
    """What each metric of experiments and segments is: a sum over a sum."""
    rows = [
        (
            metric.label or name.replace("_", " "),
            name,
            f"{metric.numerator} / {metric.denominator}",
            str(metric.kind),
            _BETTER[str(metric.direction)],
            "mktorch" if METRICS.get(name) == metric else "settings",
        )
        for name, metric in sorted(registry(run.config.metrics).items())
    ]
    frame = pl.DataFrame(
        rows, schema=["label", "metric", "formula", "kind", "better", "origin"], orient="row"
    )
    own = frame.filter(origin="settings").height
    return Table(
        id="metric-definitions",
        dense=True,
        frame=frame,
        columns=(
            Column(name="label", label="Metric", detail="metric", weight=1.5),
            Column(name="formula", label="Definition", weight=1.5),
            Column(name="kind", label="Kind"),
            Column(name="better", label="Better"),
            Column(name="origin", label="Declared in"),
        ),
        title=f"{count(frame.height, 'metric')}, {own or 'none'} custom.",
        notes=(
            (
                "Each metric is a ratio of sums: numerators and denominators are summed before "
                "dividing."
            ),
        ),
        source="manifest.json",
        locale=locale_of(run),
    )


def _settings(run: Run) -> Iterator[tuple[str, str, str, str, str | None]]:
    """Table, name, value, origin and meaning of every setting, main ones first."""
    fields = MarketingOrchestratorConfig.model_fields
    tables: list[tuple[str, dict[str, Any], dict[str, Any], str, Mapping[str, str | None]]] = []
    for name, value in run.manifest.config.items():
        field = fields.get(name)
        origin = run.manifest.config_sources.get(name, "default")
        kind = field.annotation if field else None
        if inspect.isclass(kind) and issubclass(kind, BaseModel):
            tables.append((name, value, _plain(kind()), origin, attribute_docs(kind)))
        elif isinstance(value, dict) and value:
            default = _plain(field.get_default(call_default_factory=True)) if field else {}
            tables.append((name, value, default, origin, dict.fromkeys(value, _meaning(name))))
        else:
            yield _MAIN, name, written(value), origin, _meaning(name)
    for name, value, default, origin, meanings in tables:
        for key, inner, usual in _entries(value, default):
            given = origin if inner != usual else "default"
            meaning = meanings.get(key.partition(".")[0])
            yield name, key, written(inner), given, meaning


def _entries(
    table: dict[str, Any], default: dict[str, Any], under: str = ""
) -> Iterator[tuple[str, Any, Any]]:
    """Name, value and default of each entry; the entries of a table of tables are its own."""
    for key, value in table.items():
        usual = default.get(key)
        if not under and isinstance(value, dict) and value:
            yield from _entries(value, usual if isinstance(usual, dict) else {}, f"{key}.")
        else:
            yield f"{under}{key}", value, usual


def _meaning(name: str) -> str | None:
    if name.endswith("_file"):
        return "Source file name"
    return MEANING.get(name)


def _plain(value: Any) -> dict[str, Any]:
    """A table of settings as the manifest holds it: JSON types only."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    held: dict[str, Any] = json.loads(json.dumps(value))
    return held


@cache
def attribute_docs(model: type[BaseModel]) -> dict[str, str]:
    """What a model says under each of its fields, from its source; empty where there is none.

    >>> from mktorch.config.budget_rules import BudgetRules
    >>> attribute_docs(BudgetRules)["over_pace"]
    'Spend share over elapsed share above this is over pace'
    """
    try:
        body = ast.parse(dedent(inspect.getsource(model))).body[0]
    except (OSError, TypeError):
        return {}
    statements = body.body if isinstance(body, ast.ClassDef) else []
    return {
        field.target.id: _sentence(words.value.value)
        for field, words in pairwise(statements)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(words, ast.Expr)
        and isinstance(words.value, ast.Constant)
        and isinstance(words.value.value, str)
    }


def _sentence(text: str) -> str:
    """A docstring as one line without its mark-up and its full stop."""
    return " ".join(text.split()).replace("`", "").rstrip(".")


def written(value: Any) -> str:
    """A setting's value as text.

    >>> written({"severity": "high", "same_as": ["a", "b"]}), written(None), written(True)
    ('severity high, same_as (a, b)', 'not set', 'yes')
    """
    match value:
        case None | "":
            return "not set"
        case bool():
            return "yes" if value else "no"
        case dict():
            return ", ".join(f"{n} {_inner(v)}" for n, v in value.items()) or "none"
        case list():
            return ", ".join(map(_inner, value)) or "none"
        case float():
            return f"{value:.15g}"
    return str(value)


def _inner(value: Any) -> str:
    return f"({written(value)})" if isinstance(value, dict | list) else written(value)
