"""How the money of a recommendation follows from the facts it names and the settings.

A rule names columns of its view; what a view works out itself is said here as arithmetic over
facts of the evidence, other amounts and settings (`mktorch.formulas`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mktorch.recommend.candidates import ENDS
from mktorch.recommend.rule import Rule

_RULES = "recommendation_rules"
_LOW, _POINT, _HIGH = "_low", "", "_high"
_TURNED = {_LOW: _HIGH, _POINT: _POINT, _HIGH: _LOW}


def _forgone(spend: str, name: str) -> dict[str, str]:
    """The revenue that goes with a spend that is not made, at each end of the return."""
    return {f"{name}_revenue{end}": f"-{spend} * roas{other}" for end, other in _TURNED.items()}


def _gained(spend: str, name: str) -> dict[str, str]:
    """The revenue of a spend on top, at each end of the return, and its cost."""
    revenue = {f"{name}_revenue{end}": f"{spend} * roas{end}" for end in _TURNED}
    return {**revenue, f"{name}_cost": f"-{spend}"}


def _worth(change: str, *ends: str) -> dict[str, str]:
    """What a relative change of a metric brings over the days ahead.

    `change` is arithmetic over the fact of the same end and that of the other one, of `ends`.
    """
    facts = dict(zip(_TURNED, ends, strict=True))
    made = {"days_ahead": f"min(flight_days - elapsed_days, {_RULES}.horizon_days)"}
    for end, other in _TURNED.items():
        made[f"change{end}"] = change.format(facts[end], facts[other])
        made[f"revenue{end}"] = f"base_revenue * (days_ahead / window_days) * change{end}"
        made[f"savings{end}"] = f"base_cost * (days_ahead / window_days) * -change{other}"
        made[f"lift_percent{end}"] = (
            f"100 * (1 / (1 + change{other}) - 1) if numerator == 'cost' else 100 * change{end}"
        )
    return made


_BACK = "1 / (1 + {1}) - 1"
_SCALED = "{0} if recommendation == 'scale_variant' else " + _BACK
AMOUNTS: Mapping[str, Mapping[str, str]] = {
    "campaign": {
        "cut": f"cents(min(planned_spend * {_RULES}.change_share, {_RULES}.maximum_change))",
        "rise": f"cents(min(run_rate * {_RULES}.change_share, {_RULES}.maximum_change))",
        "faster": f"cents(min(-projected_gap, run_rate * {_RULES}.growth_share))",
        **_forgone("planned_spend", "pause"),
        **_forgone("cut", "cut"),
        **_forgone("projected_gap", "slow"),
        **_gained("run_rate", "on"),
        **_gained("rise", "rise"),
        **_gained("faster", "faster"),
    },
    "channel": _forgone("planned_spend", "pause"),
    "creative": _worth(_BACK, "difference_low", "difference", "difference_high"),
    "experiment": _worth(_SCALED, "lift_low", "lift", "lift_high"),
    "proposal": {"stake": "amount"},
    "segment": _worth(_BACK, "trend_low", "trend_change", "trend_high"),
}
"""View -> its column -> how it is worked out."""


def columns_of(rule: Rule) -> Iterator[tuple[str, str]]:
    """Each amount of a rule's recommendations and the view's column that gives it."""
    if rule.stake:
        yield "stake", rule.stake
    impact = rule.impact
    for names, held in zip(ENDS, (impact.roi_lift, impact.revenue, impact.savings), strict=True):
        if held:
            yield from zip(names, (held.low, held.point, held.high), strict=True)
