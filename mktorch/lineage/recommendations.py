"""Recommendations: returns and the days ahead, moves of money, what rules ask for, next steps."""

from __future__ import annotations

from mktorch.lineage.model import CAMPAIGN, Definition, read

_RULES = "recommendation_rules"
_CHANNEL = (*CAMPAIGN, "channel_id")
_SETTINGS = {
    "return": (f"{_RULES}.return_days", "statistical_significance_threshold", "money_authority"),
    "attainment": ("target_roas", f"{_RULES}.return_days", "statistical_significance_threshold"),
    "ahead": (f"{_RULES}.horizon_days", "window_days"),
    "cap": (f"{_RULES}.reallocation_share", f"{_RULES}.maximum_reallocation"),
}


def _returns(table: str, of: str, keys: tuple[str, ...], rollup: str) -> dict[str, Definition]:
    """Definitions of a table of returns, by campaign or by channel."""
    days = read("rollup_day", "revenue", "cost", on=keys)
    scales = read("campaign_money", "total_spend", "total_revenue_proxy", on=CAMPAIGN)
    now = read(rollup, "cost", on=keys, window="current")
    pacing = read("budget_pacing", "end_date", "remaining", on=CAMPAIGN)

    def each(
        name: str, words: str, unit: str, upstream: tuple[str, ...], config: str = "return"
    ) -> tuple[str, Definition]:
        known = {"days": days, "scales": scales, "now": now, "pacing": pacing}
        late = config == "ahead"
        return (
            f"{table}.{name}",
            Definition(
                words,
                unit,
                tuple(known[up] for up in upstream),
                _SETTINGS[config],
                reason="outlook_reason" if late else "return_reason",
            ),
        )

    held = ("days", "scales")
    kept = "the days of the return, each day's sums brought to the account that stands"
    ends = f"the interval of {of}'s return, a ratio of sums over days"
    return dict(
        [
            each("spend", f"Spend of {of} over {kept}", "currency", held),
            each("revenue", f"Revenue of {of} over {kept}", "currency", held),
            each("days", f"Days with delivery of {of} among the last `return_days`", "days", held),
            each("roas", f"Revenue / spend of {of} over {kept}", "ratio", held),
            each("roas_low", f"Lower end of {ends}, at least 0", "ratio", held),
            each("roas_high", f"Upper end of {ends}", "ratio", held),
            each("attainment", "Return / the target", "ratio", held, "attainment"),
            each(
                "attainment_low",
                "Lower end of the return / the target",
                "ratio",
                held,
                "attainment",
            ),
            each(
                "attainment_high",
                "Upper end of the return / the target",
                "ratio",
                held,
                "attainment",
            ),
            each(
                "window_spend",
                "Spend of the current window on the account that stands",
                "currency",
                ("now", "scales"),
                "ahead",
            ),
            each(
                "run_rate",
                "Spend of the current window x days ahead / days of the window",
                "currency",
                ("now", "scales", "pacing"),
                "ahead",
            ),
            each(
                "planned_spend",
                "The run rate, no more than what is left of the budget",
                "currency",
                ("now", "scales", "pacing"),
                "ahead",
            ),
            each(
                "*",
                f"The return of {of} and the days ahead of it",
                "",
                ("days", "scales", "now", "pacing"),
                "ahead",
            ),
        ]
    )


def _moves(table: str, source: str, keys: tuple[str, ...], holder: str) -> dict[str, Definition]:
    """Definitions of a table of moves between the holders of money of one scope."""
    ids = {"donor_id": keys[-1], **({"scope": "campaign_id"} if len(keys) > 1 else {})}
    takes = {"recipient_id": keys[-1], **({"scope": "campaign_id"} if len(keys) > 1 else {})}
    rest = "remaining" if len(keys) == 1 else "planned_spend"
    ends = ("roas_low", "roas", "roas_high")
    donor, recipient = read(source, rest, *ends, on=ids), read(source, *ends, on=takes)
    takers = read(source, "planned_spend", on=takes)
    growth = (f"{_RULES}.growth_share", f"{_RULES}.minimum_reallocation")
    amount = Definition(
        f"Money to move: the donor's bound, or what {holder}s of lesser return leave of the "
        "recipient's capacity, whichever is less",
        "currency",
        (donor, takers),
        (*_SETTINGS["cap"], *growth, f"{_RULES}.reallocation_gap"),
    )
    gain = "Revenue that the amount brings more at the recipient than at the donor"
    return {
        f"{table}.amount": amount,
        f"{table}.bound": Definition(
            "What the donor may give: its share of the rest, at most the greatest move",
            "currency",
            (donor,),
            _SETTINGS["cap"],
        ),
        f"{table}.capacity": Definition(
            "What the recipient can take: the share by which its planned spend may grow",
            "currency",
            (takers,),
            growth,
        ),
        f"{table}.return_gap": Definition(
            "Lower end of the recipient's attainment less the upper end of the donor's",
            "ratio",
            (donor, recipient),
            ("target_roas",),
        ),
        f"{table}.gain": Definition(
            f"{gain}, by the returns themselves", "currency", (donor, recipient)
        ),
        f"{table}.gain_low": Definition(
            f"{gain}: lower end of the recipient's against upper end of the donor's",
            "currency",
            (donor, recipient),
        ),
        f"{table}.gain_high": Definition(
            f"{gain}: upper end of the recipient's against lower end of the donor's",
            "currency",
            (donor, recipient),
        ),
        f"{table}.*": Definition(
            f"A move of money between two {holder}s: what each returns, may give and can take",
            "",
            (donor, recipient),
        ),
    }


def _asked(table: str) -> dict[str, Definition]:
    """Definitions of a table of recommendations: each row holds the evidence it rests on."""
    stake = Definition(
        "Money at stake: the amount that the rule names for its action, found among the evidence "
        "and what it is worked out from; null where the rule names none",
        "currency",
        evidence=True,
    )
    bases = {
        "roi_lift": ("Change of the return, as percent of what it is", "percentage"),
        "revenue": ("Revenue expected more over the days ahead", "currency"),
        "savings": ("Spend expected less over the days ahead", "currency"),
    }
    points = {
        "roi_lift": ("roi_lift_low", "roi_lift_percentage", "roi_lift_high"),
        "revenue": ("revenue_low", "revenue_impact", "revenue_high"),
        "savings": ("savings_low", "cost_savings", "savings_high"),
    }
    ends = (", lower end of the interval", "", ", upper end of the interval")
    return {
        f"{table}.stake": stake,
        **{
            f"{table}.{name}": Definition(
                f"{bases[basis][0]}{end}, as the recommendation's basis says",
                bases[basis][1],
                config=(f"{_RULES}.horizon_days",),
                reason="impact_reason",
                evidence=True,
            )
            for basis, names in points.items()
            for name, end in zip(names, ends, strict=True)
        },
    }


RECOMMENDATIONS = {
    **_returns("campaign_returns", "the campaign", CAMPAIGN, "rollup_campaign"),
    **_returns("channel_returns", "the channel within its campaign", _CHANNEL, "rollup_channel"),
    **_moves("campaign_moves", "campaign_returns", CAMPAIGN, "campaign"),
    **_moves("channel_moves", "channel_returns", _CHANNEL, "channel"),
    **_asked("recommendations"),
    **_asked("recommendation_candidates"),
    "recommendations.rank": Definition(
        "Place by priority, then by the money at stake, then by id", "place"
    ),
    "rules-in-force.asked": Definition(
        "Number of times that the rule asked for something",
        "count",
        (read("recommendation_candidates", "rule_id", on=("rule_id",)),),
    ),
    "rules-in-force.stand": Definition(
        "Number of the rule's candidates that stand",
        "count",
        (read("recommendation_candidates", "rule_id", on=("rule_id",), standing="stands"),),
    ),
    "next_steps.stake": Definition(
        "Money at stake in the recommendation that the step begins",
        "currency",
        (read("recommendations", "stake", on=("recommendation_id",)),),
        (f"{_RULES}.max_next_steps",),
    ),
    "decisions_asked.amount": Definition(
        "Money at stake in the recommendation, or the amount of the move proposed",
        "currency",
        (
            read("recommendations", "stake", on=("target_id",)),
            read("budget_moves", "amount", on={"target_id": "budget_action_id"}),
        ),
    ),
    "budget_moves.*": Definition(
        "The move of budget as recorded, with what the rules of approval make of it",
        "",
        (read("budget_actions", "amount", "status", on=("budget_action_id",)),),
        ("budget_rules.approval_required_amount", "budget_rules.proposal_stale_days"),
    ),
    "budget_pacing.*": Definition(
        "The campaign's flight, budget and spend to date",
        "",
        (
            read("campaigns", "status", "start_date", "end_date", "budget", on=CAMPAIGN),
            read("rollup_day", "cost", on=CAMPAIGN),
        ),
        ("budget_rules.over_pace", "budget_rules.under_pace"),
        reason="reason",
    ),
    "risk_inbox.*": Definition(
        "The risk as signalled, or as found in the run's data",
        "",
        (
            read("campaign_risk_signals", "severity", "status", on={"id": "risk_id"}),
            read("risk_detected", "severity", "value", on={"id": "detection_id"}),
        ),
    ),
    "funnel_steps.*": Definition(
        "People at a stage of the journey and at the next, and what the step's rules find",
        "",
        (read("funnel_stages", "count", on=("campaign_id", "window")),),
        ("funnel_rules",),
        reason="reason",
    ),
    "creative_standing.*": Definition(
        "The asset's KPI in the current window beside those of its segment's other assets",
        "",
        (
            read(
                "rollup_asset",
                "impressions",
                "clicks",
                "conversions",
                "cost",
                "revenue",
                on=("asset_id",),
                window="current",
            ),
        ),
        ("window_days", "metrics"),
        reason="reason",
    ),
    "segment_portfolio.*": Definition(
        "The segment within its campaign: KPI now and before, beside the rest, and what follows",
        "",
        (
            read(
                "rollup_segment",
                "impressions",
                "clicks",
                "conversions",
                "cost",
                "revenue",
                on=("campaign_id", "segment_id"),
            ),
        ),
        ("window_days", "metrics", "segment_rules"),
    ),
    "segment-heat.*": Definition(
        "The metric's numerator / its denominator for the segment over all dates, each summed "
        "first",
        "that of the metric",
        (
            read(
                "rollup_segment",
                "impressions",
                "clicks",
                "conversions",
                "cost",
                "revenue",
                on=("segment_id",),
                window="all",
            ),
        ),
        ("metrics",),
    ),
}
