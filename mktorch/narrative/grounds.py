"""What the verdict rests on: each ground's number, its money, and the evidence behind it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import NamedTuple

import polars as pl

from mktorch.config import MarketingOrchestratorConfig
from mktorch.config.narrative_rules import IN_MONEY, Ground, Limit
from mktorch.formats import Locale
from mktorch.kpis import PHRASES, figure
from mktorch.narrative.names import with_campaigns
from mktorch.narrative.templates import Prose, locale_of
from mktorch.sums import micros, total, units
from mktorch.tables import Table, count, fraction, money, number, reason, text, texts, word
from mktorch.vocab import KpiGroup, Performance, RiskStatus, Severity, Tier, Verdict, Window
from mktorch.words import spaces

Tables = Mapping[str, pl.DataFrame]
_LIMIT = ("narrative_rules.limits",)
_RETURN, _POLICY = "roi_estimate", "policy_violation_count"
_SCHEMA = {"name": pl.String, "money": pl.Float64}


# fmt: off
class VerdictGrounds(Table):
    """One row per ground: what was found of it, and the verdict that it calls for."""

    order = count("Rank, most serious first", unit="", key=True)
    ground = word(Ground, "The ground")
    value = count("How many there are", null="reason")
    money = money("What they involve, in money", null="they have none, or are not counted")
    share = fraction("Of spend: of the current window's for risks, else of all",
        null="they have no money, or nothing is spent")
    watch_from = number("that of the ground", "From where on the verdict is WATCH", config=_LIMIT,
        null="it is never the ground for it")
    attention_from = number("that of the ground", "From where on it is ATTENTION", config=_LIMIT,
        null="it is never the ground for it")
    critical_from = number("that of the ground", "From where on it is CRITICAL", config=_LIMIT,
        null="it is never the ground for it")
    verdict = word(Verdict, "The verdict it calls for", null="reason")
    sentence = text("The same in words", null="nothing was found")
    names = texts("What was found, by name")
    evidence = text("What it rests on", null="nothing was found")
    reason = reason("the number")
# fmt: on


class Basis(NamedTuple):
    """How a ground is found.

    `find` gives the rows of the first table of `needs` that were found, with a `name` and `money`;
    a table that it lacks leaves the ground uncounted. `current` says that its money is of the
    current window.
    """

    needs: tuple[str, ...]
    find: Callable[[Tables, Locale], pl.DataFrame]
    one: str
    many: str
    evidence: str
    current: bool = False


def verdict_grounds(tables: Tables, config: MarketingOrchestratorConfig) -> pl.DataFrame:
    """`VerdictGrounds`, gravest first.

    A table that was not made leaves its grounds null, and each of them counts as `uncounted`: a
    verdict that looked at less than everything is at best ATTENTION.
    """
    locale, rules = locale_of(config), config.narrative_rules
    lacking = {
        ground: [need for need in basis.needs if need not in tables]
        for ground, basis in GROUNDS.items()
    }
    rows = [
        _row(ground, basis, tables, rules.limits[ground], locale)
        if not lacking[ground]
        else _missing(ground, rules.limits[ground], f"{lacking[ground][0]} was not made")
        for ground, basis in GROUNDS.items()
    ]
    unknown = [str(row["ground"]).replace("_", " ") for row in rows if row["value"] is None]
    rows.append(_uncounted(unknown, rules.limits[Ground.UNCOUNTED]))
    schema: dict[str, pl.DataType] = dict(VerdictGrounds.dtypes())
    frame = pl.DataFrame([{"order": n, **row} for n, row in enumerate(rows, 1)], schema=schema)
    return VerdictGrounds.of(frame)


def called_for(measure: float | None, found: int, limit: Limit) -> Verdict:
    """The worst verdict whose limit is reached; none is where nothing was found.

    >>> called_for(0.01, 2, Limit(attention=0, critical=0.02)), called_for(0.0, 0, Limit(watch=0))
    (<Verdict.ATTENTION: 'ATTENTION'>, <Verdict.ON_TRACK: 'ON TRACK'>)
    """
    limits = (
        (Verdict.CRITICAL, limit.critical),
        (Verdict.ATTENTION, limit.attention),
        (Verdict.WATCH, limit.watch),
    )
    reached = (word for word, least in limits if least is not None and (measure or 0) >= least)
    return next(reached, Verdict.ON_TRACK) if found else Verdict.ON_TRACK


def _row(
    ground: Ground, basis: Basis, tables: Tables, limit: Limit, locale: Locale
) -> dict[str, object]:
    found = basis.find(tables, locale)
    involved = found.select(total("money")).item() if found.height else None
    spent = spend(tables, current=basis.current)
    share = None if involved is None else min(involved / spent, 1.0) if spent else 1.0
    measure = share if ground in IN_MONEY else float(found.height)
    names = found["name"].to_list()
    said = (basis.one if found.height == 1 else basis.many).format(f"{found.height:,}")
    amount = Prose(locale).format(" ({money:rounded})", money=involved) if involved else ""
    return {
        "ground": str(ground),
        "value": found.height,
        "money": involved,
        "share": share,
        **_limits(limit),
        "verdict": str(called_for(measure, found.height, limit)),
        "sentence": f"{said}{amount}" if found.height else None,
        "names": [_times(*named) for named in Counter(names).items()],
        "evidence": basis.evidence if found.height else None,
        "reason": None,
    }


def _missing(ground: Ground, limit: Limit, why: str) -> dict[str, object]:
    nothing = dict.fromkeys(("value", "money", "share", "verdict", "sentence", "evidence"))
    return {"ground": str(ground), **nothing, **_limits(limit), "names": [], "reason": why}


def _uncounted(unknown: list[str], limit: Limit) -> dict[str, object]:
    found = len(unknown)
    ground = "ground" if found == 1 else "grounds"
    return {
        **_missing(Ground.UNCOUNTED, limit, ""),
        "value": found,
        "verdict": str(called_for(float(found), found, limit)),
        "sentence": f"{found} {ground} could not be checked" if found else None,
        "names": unknown,
        "evidence": "A step failed or is switched off." if found else None,
        "reason": None,
    }


def _limits(limit: Limit) -> dict[str, object]:
    return {f"{name}_from": value for name, value in limit}


def _times(name: str, number: int) -> str:
    return name if number == 1 else f"{name} ({number})"


def spend(tables: Tables, *, current: bool) -> float:
    """What was spent, in the current window or in all; 0 where that is not known."""
    if current:
        frame = tables["rollup_campaign"].filter(window=str(Window.CURRENT))
        spent = frame.select(units(micros(pl.col("cost")).sum())).item()
    else:
        spent = tables["roi_analysis"]["total_media_spend"].item()
    return spent or 0.0


# What is found, ground by ground: one row per thing, `name` and `money`.


def _found(frame: pl.DataFrame, name: pl.Expr, money: pl.Expr | None = None) -> pl.DataFrame:
    amount = pl.lit(None) if money is None else money
    return frame.with_columns(name.alias("name"), amount.cast(pl.Float64).alias("money"))


def _loss(tables: Tables, *, proven: bool) -> pl.DataFrame:
    """The net loss, where the return is measured; proven where its interval lies below 0."""
    held = tables["kpis"].filter(pl.col("value").is_not_null(), kpi=_RETURN)
    sure = held.filter(pl.col("high") < 0).height > 0
    lost = tables["roi_analysis"].filter(pl.col("total_net_roi") < 0)
    if lost.is_empty() or sure != proven:
        held = held.clear()
    return _found(held, pl.lit("net return"), pl.lit(-lost["total_net_roi"].sum()))


def _proven_loss(tables: Tables, _locale: Locale) -> pl.DataFrame:
    return _loss(tables, proven=True)


def _unproven_loss(tables: Tables, _locale: Locale) -> pl.DataFrame:
    return _loss(tables, proven=False)


def _violations(tables: Tables, _locale: Locale) -> pl.DataFrame:
    frame = with_campaigns(tables["policy_violations"], tables)
    return _found(frame, pl.format("{} in {}", "id", "campaign"), pl.col("money"))


def _risks(tables: Tables, severity: Severity) -> pl.DataFrame:
    unresolved = pl.col("status").is_in([RiskStatus.OPEN, RiskStatus.IN_REVIEW])
    frame = tables["risk_inbox"].filter(unresolved, severity=str(severity))
    name = pl.format("{} in {}", spaces(pl.col("risk_type")), "campaign")
    return _found(with_campaigns(frame, tables), name, pl.col("exposure"))


def _critical_risks(tables: Tables, _locale: Locale) -> pl.DataFrame:
    return _risks(tables, Severity.CRITICAL)


def _high_risks(tables: Tables, _locale: Locale) -> pl.DataFrame:
    return _risks(tables, Severity.HIGH)


def _incomplete(tables: Tables, _locale: Locale) -> pl.DataFrame:
    def percent(share: str) -> pl.Expr:
        """To a tenth of a percent, as the line of what was set aside has it."""
        tenths = (pl.col(share) * 1000).round().cast(pl.Int64)
        return pl.format("{}.{}%", tenths // 10, tenths % 10)

    name = pl.coalesce(
        pl.format("{} of spend was set aside", percent("spend_share")),
        pl.format("{} of records were set aside", percent("rows_share")),
    )
    return _found(tables["set_aside_total"].filter("incomplete"), name)


def _kpis(tables: Tables, locale: Locale, where: pl.Expr) -> pl.DataFrame:
    held = tables["kpis"].filter(where)
    names = [
        f"{PHRASES[kpi]} ({figure(value, kpi, locale)})"
        for kpi, value in held.select("kpi", "value").iter_rows()
    ]
    return _found(held.with_columns(pl.Series("name", names, pl.String)), pl.col("name"))


_STANDS = pl.col("standing")
_MONEY_KPI = (pl.col("group") == KpiGroup.BUSINESS_VALUE) & (_STANDS == Tier.CRITICAL)
_TROUBLED = _STANDS.is_in([Tier.CRITICAL, Tier.AT_RISK]) & (pl.col("kpi") != _POLICY)


def _critical_kpis(tables: Tables, locale: Locale) -> pl.DataFrame:
    return _kpis(tables, locale, _MONEY_KPI)


def _short_kpis(tables: Tables, locale: Locale) -> pl.DataFrame:
    return _kpis(tables, locale, _TROUBLED & ~_MONEY_KPI)


def _below(tables: Tables, _locale: Locale) -> pl.DataFrame:
    judged = tables["campaign_goals"].filter("valued").select("campaign_id")
    frame = tables["campaign_analysis"].filter(
        status="active", overall_performance=str(Performance.BELOW)
    )
    return _found(
        frame.join(judged, on="campaign_id", how="semi"),
        pl.coalesce("name", "campaign_id"),
        pl.col("total_spend"),
    )


def _stale(tables: Tables, _locale: Locale) -> pl.DataFrame:
    frame = with_campaigns(tables["budget_moves"].filter("stale"), tables)
    return _found(frame, pl.format("{} in {}", "budget_action_id", "campaign"))


_ALL, _NOW = ("roi_analysis",), ("rollup_campaign",)
GROUNDS: Mapping[Ground, Basis] = {
    Ground.PROVEN_LOSS: Basis(
        ("kpis", *_ALL), _proven_loss, "marketing loses money", "marketing loses money",
        "The entire interval for the return is below break-even."),
    Ground.POLICY_VIOLATIONS: Basis(
        ("policy_violations", *_ALL), _violations,
        "{} policy violation is on record", "{} policy violations are on record",
        (
            "Each is on record: a signal not dismissed, a creative delivered without approval "
            "or with risk flags, or a budget move executed without required approval."
        )),
    Ground.CRITICAL_RISKS: Basis(
        ("risk_inbox", *_NOW), _critical_risks,
        "{} critical risk is unresolved", "{} critical risks are unresolved",
        "Open or in review; the amount is spend affected in the current window.", current=True),
    Ground.UNPROVEN_LOSS: Basis(
        ("kpis", *_ALL), _unproven_loss, "net return is negative", "net return is negative",
        "The data do not rule out a positive return on media spend."),
    Ground.INCOMPLETE_FIGURES: Basis(
        ("set_aside_total", *_ALL), _incomplete,
        "the figures are incomplete", "the figures are incomplete",
        "More was set aside than maximum_rejected_share allows."),
    Ground.CRITICAL_KPIS: Basis(
        ("kpis", *_ALL), _critical_kpis,
        "{} business KPI is critical", "{} business KPIs are critical",
        "The entire interval for each is beyond the critical limit."),
    Ground.CAMPAIGNS_BELOW: Basis(
        ("campaign_analysis", "campaign_goals", *_ALL), _below,
        "{} active campaign returns less than expected",
        "{} active campaigns return less than expected",
        "Value / spend to date is below target_roas; the amount is their spend."),
    Ground.HIGH_RISKS: Basis(
        ("risk_inbox", *_NOW), _high_risks,
        "{} high risk is unresolved", "{} high risks are unresolved",
        "Open or in review; the amount is spend affected in the current window.", current=True),
    Ground.SHORT_KPIS: Basis(
        ("kpis", *_ALL), _short_kpis,
        "{} other KPI is short of target", "{} other KPIs are short of target",
        "At risk, or critical outside business value."),
    Ground.STALE_PROPOSALS: Basis(
        ("budget_moves", *_ALL), _stale,
        "{} budget proposal is overdue", "{} budget proposals are overdue",
        "Pending longer than proposal_stale_days."),
}  # fmt: skip
"""Every ground but `uncounted`, which is what the others leave open."""
COUNTED = tuple(
    sorted({"campaign_analysis", *(need for basis in GROUNDS.values() for need in basis.needs)})
)
"""The tables that grounds are found in."""
