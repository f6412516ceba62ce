"""Rules of campaigns and channels as a whole: stop what returns nothing, mend what falls short."""

from __future__ import annotations

from mktorch.config.budget_rules import Pacing
from mktorch.recommend.rule import Compare, Impact, Range, Rule, When
from mktorch.vocab import Action, CampaignStatus, Category, Level, Performance, Priority

ACTIVE = When("status", Compare.IS, words=(str(CampaignStatus.ACTIVE),))
SPENDS = When("window_spend", Compare.AT_LEAST, "recommendation_rules.minimum_spend")
SOME_SPEND = When("window_spend", Compare.ABOVE, number=0.0)
NO_CONVERSION = (
    When("by_conversions", Compare.IS, words=("true",)),
    When("conversions", Compare.AT_MOST, number=0.0),
    When("matured_spend", Compare.AT_LEAST, "recommendation_rules.minimum_spend"),
)
BY_RETURN = When("by_return", Compare.IS, words=("true",))
RETURNS_NOTHING = When("attainment_high", Compare.BELOW, "recommendation_rules.pause_attainment")
RETURN = (
    "recommendation_rules.return_days",
    "recommendation_rules.maturity_days",
    "metrics",
    "recommendation_rules.minimum_return_days",
    "statistical_significance_threshold",
    "target_roas",
)
AHEAD = ("recommendation_rules.horizon_days",)
ENDS = ("roas_low", "roas", "roas_high")
FORGONE = Range("pause_revenue_low", "pause_revenue", "pause_revenue_high")
PLANNED = Range("planned_spend", "planned_spend", "planned_spend")
_PAUSED = Impact(
    basis="What would be spent over the horizon at the current window's daily spend, no more than "
    "is left, is saved; the revenue it would bring at each end of the return's interval is lost.",
    revenue=FORGONE,
    savings=PLANNED,
    reason="return_reason",
)
_RESUME = "Resume only with a plan that names what is to change and how it will be measured."

RULES = (
    Rule(
        id="pause_campaign_without_conversions",
        view="campaign",
        category=Category.CAMPAIGN,
        action=Action.PAUSE,
        when=(ACTIVE, SPENDS, SOME_SPEND, *NO_CONVERSION, RETURNS_NOTHING),
        priority=Priority.HIGH,
        gravity=1000,
        owner="Campaign manager",
        risk=Level.LOW,
        description="Pause {target_name}: {window_spend:currency} spent in the current window "
        "without a conversion.",
        rationale="The campaign is active and spent {window_spend:currency} in the current window; "
        "no conversion was recorded against it.",
        current_value="active, {daily_rate:currency} a day",
        recommended_value="paused",
        steps=(
            "Check that conversion tracking works; a broken tag looks the same.",
            "Pause delivery on all channels of {target_name}.",
            "Keep the unspent {planned_spend:currency} in reserve.",
        ),
        what_could_go_wrong="Conversions may be recorded late or not at all; then a campaign that "
        "works is stopped.",
        impact=_PAUSED,
        stake="planned_spend",
        lowers="campaign_and_budget",
        behind=(*RETURN, *AHEAD),
        facts=("planned_spend", *ENDS),
    ),
    Rule(
        id="pause_campaign_without_return",
        view="campaign",
        category=Category.CAMPAIGN,
        action=Action.PAUSE,
        when=(ACTIVE, SPENDS, SOME_SPEND, BY_RETURN, RETURNS_NOTHING),
        priority=Priority.HIGH,
        gravity=990,
        owner="Campaign manager",
        risk=Level.LOW,
        description="Pause {target_name}: it returns {roas:ratio} of what it spends.",
        rationale="Over the last {days:integer} days with delivery the return on ad spend is "
        "{roas:ratio}, at most {roas_high:ratio}; that is {attainment_high:percent} of the target "
        "at the interval's high end.",
        current_value="active, {daily_rate:currency} a day",
        recommended_value="paused",
        steps=(
            "Pause delivery on all channels of {target_name}.",
            "Keep the {planned_spend:currency} that would be spent by then in reserve.",
            _RESUME,
        ),
        what_could_go_wrong="Reach campaigns may pay back later or elsewhere than the recorded "
        "revenue shows.",
        impact=_PAUSED,
        stake="planned_spend",
        lowers="campaign_and_budget",
        behind=(*RETURN, *AHEAD),
        facts=("planned_spend", *ENDS),
    ),
    Rule(
        id="pause_channel_without_conversions",
        view="channel",
        category=Category.CAMPAIGN,
        action=Action.PAUSE,
        when=(ACTIVE, SPENDS, SOME_SPEND, *NO_CONVERSION, RETURNS_NOTHING),
        priority=Priority.HIGH,
        gravity=880,
        owner="Channel manager",
        risk=Level.LOW,
        description="Pause {target_name}: {window_spend:currency} spent in the current window "
        "without a conversion.",
        rationale="The channel spent {window_spend:currency} in the current window; no conversion "
        "was recorded against it, while the campaign is active.",
        current_value="delivering, {window_spend:currency} in the current window",
        recommended_value="paused in this campaign",
        steps=(
            "Check that conversions of {channel_name} are tracked.",
            "Pause {channel_name} in {campaign_name}.",
            "Watch the campaign's other channels for a week: some conversions may need this one.",
        ),
        what_could_go_wrong="The channel may assist conversions that others are credited with.",
        impact=_PAUSED,
        stake="planned_spend",
        raises="campaign_runs",
        lowers="own_money",
        behind=(*RETURN, *AHEAD),
        facts=("planned_spend", *ENDS),
    ),
    Rule(
        id="pause_channel_without_return",
        view="channel",
        category=Category.CAMPAIGN,
        action=Action.PAUSE,
        when=(ACTIVE, SPENDS, SOME_SPEND, BY_RETURN, RETURNS_NOTHING),
        priority=Priority.MEDIUM,
        gravity=870,
        owner="Channel manager",
        risk=Level.LOW,
        description="Pause {target_name}: it returns {roas:ratio} of what it spends.",
        rationale="Over the last {days:integer} days with delivery the channel's return on ad "
        "spend is {roas:ratio}, at most {roas_high:ratio}; that is {attainment_high:percent} of "
        "the target at the interval's high end.",
        current_value="delivering, {window_spend:currency} in the current window",
        recommended_value="paused in this campaign",
        steps=(
            "Pause {channel_name} in {campaign_name}.",
            "Watch the campaign's other channels for a week: some conversions may need this one.",
        ),
        what_could_go_wrong="The channel may assist conversions that others are credited with.",
        impact=_PAUSED,
        stake="planned_spend",
        raises="campaign_runs",
        lowers="own_money",
        behind=(*RETURN, *AHEAD),
        facts=("planned_spend", *ENDS),
    ),
    Rule(
        id="decide_on_spent_budget",
        view="campaign",
        category=Category.BUDGET,
        action=Action.OPTIMIZE,
        when=(
            ACTIVE,
            SPENDS,
            SOME_SPEND,
            When("remaining", Compare.AT_MOST, number=0.0),
            When("days_left", Compare.ABOVE, number=0.0),
        ),
        priority=Priority.HIGH,
        gravity=460,
        owner="Budget owner",
        risk=Level.MEDIUM,
        description="Decide whether {target_name} gets more budget or ends: its budget is spent, "
        "and it goes on spending.",
        rationale="Of a budget of {budget:currency}, {remaining:currency} is left, with "
        "{days_left:integer} days to go at {daily_rate:currency} a day; the return on ad spend is "
        "{roas:ratio}, from {roas_low:ratio} to {roas_high:ratio}.",
        current_value="{daily_rate:currency} a day without budget",
        recommended_value="a budget for the rest of the flight, or an earlier end",
        steps=(
            (
                "Set the return against the target: going on costs {run_rate:currency} over the "
                "next {horizon_days:integer} days."
            ),
            "Approve that amount, or pause {target_name} today.",
            "Find out why the spend was not stopped by the budget.",
        ),
        what_could_go_wrong="Every day without a decision spends money that nobody approved.",
        impact=Impact(
            basis="Going on at the current window's daily spend over the horizon: the revenue at "
            "each end of the return's interval, and its cost as negative savings. An end saves the "
            "one and loses the other.",
            revenue=Range("on_revenue_low", "on_revenue", "on_revenue_high"),
            savings=Range("on_cost", "on_cost", "on_cost"),
            reason="return_reason",
        ),
        stake="run_rate",
        raises="campaign_runs",
        behind=(*RETURN, *AHEAD),
        facts=("run_rate", *ENDS),
    ),
    Rule(
        id="slow_overspending",
        view="campaign",
        category=Category.BUDGET,
        action=Action.OPTIMIZE,
        when=(
            ACTIVE,
            When("pacing", Compare.IS, words=(str(Pacing.OVER),)),
            When("projected_gap", Compare.ABOVE, number=0.0),
            When("remaining", Compare.ABOVE, number=0.0),
            When("days_left", Compare.ABOVE, number=0.0),
        ),
        priority=Priority.MEDIUM,
        gravity=450,
        owner="Budget owner",
        risk=Level.LOW,
        description="Slow {target_name} down: at this pace it ends {projected_gap:currency} over "
        "its budget.",
        rationale="The campaign has spent {pace:ratio} of what its flight allows by now; the "
        "projection for its end is {projected_end_spend:currency} against a budget of "
        "{budget:currency}.",
        current_value="{daily_rate:currency} a day",
        recommended_value="{affordable_rate:currency} a day",
        steps=(
            (
                "Set the daily limit to {affordable_rate:currency}, which the remaining "
                "{remaining:currency} bears for {days_left:integer} days."
            ),
            "Take the money from the channels of lowest return first.",
        ),
        what_could_go_wrong="Slower delivery may lose the learning of bidding systems.",
        impact=Impact(
            basis="The overrun that the projection shows is avoided; the revenue that it would "
            "bring at each end of the return's interval is lost.",
            revenue=Range("slow_revenue_low", "slow_revenue", "slow_revenue_high"),
            savings=Range("projected_gap", "projected_gap", "projected_gap"),
            reason="return_reason",
        ),
        stake="projected_gap",
        raises="campaign_runs",
        lowers="own_budget",
        behind=("budget_rules.over_pace", "budget_rules.under_pace", *RETURN),
        facts=ENDS,
    ),
    Rule(
        id="optimize_below_expectations",
        view="campaign",
        category=Category.CAMPAIGN,
        action=Action.OPTIMIZE,
        when=(
            ACTIVE,
            BY_RETURN,
            When("overall_performance", Compare.IS, words=(str(Performance.BELOW),)),
        ),
        priority=Priority.MEDIUM,
        gravity=300,
        owner="Campaign manager",
        risk=Level.LOW,
        description="Improve {target_name}: it has returned {life_roas:ratio} so far, below "
        "expectations.",
        rationale="Since its start the campaign has returned {life_roas:ratio} of its spend, which "
        "is below expectations; its recent return is not far enough below to cut its budget.",
        current_value="return on ad spend {life_roas:ratio}",
        recommended_value="return on ad spend that meets expectations",
        steps=(
            "Find the segments, creatives and journey steps that hold the return down.",
            "Change one thing at a time and measure it with an experiment.",
        ),
        what_could_go_wrong="Changes without a measured test may make the return worse unnoticed.",
        impact=Impact(
            basis="What an improvement brings depends on what is changed; not estimated."
        ),
        stake="planned_spend",
        raises="campaign_runs",
        behind=(
            "performance_thresholds.meeting_expectations",
            "performance_thresholds.exceeding_expectations",
            "target_roas",
            *AHEAD,
        ),
    ),
)
