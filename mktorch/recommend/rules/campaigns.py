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
    basis="Planned spend over the horizon (current daily spend, up to what remains) is saved; "
    "the revenue it would bring at each end of the return's interval is forgone.",
    revenue=FORGONE,
    savings=PLANNED,
    reason="return_reason",
)
_RESUME = "Resume only with a plan that states what changes and how it will be measured."

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
        description="Pause {target_name}: {matured_spend:currency} spent with no conversions.",
        rationale="Its KPI rests on conversions. It spent {matured_spend:currency} on days old "
        "enough to convert and recorded none, and no revenue came in.",
        current_value="active, {daily_rate:currency} a day",
        recommended_value="paused",
        steps=(
            "Check that conversion tracking works; a broken tag looks the same.",
            "Pause delivery on all channels of {target_name}.",
            "Hold the {planned_spend:currency} of planned spend in reserve.",
        ),
        what_could_go_wrong="Conversions may be recorded late or not at all; a campaign that "
        "works would be stopped.",
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
        description="Pause {target_name}: it returns {roas:ratio} on spend.",
        rationale="Return on ad spend over the last {days:integer} days with delivery is "
        "{roas:ratio}, at most {roas_high:ratio}: {attainment_high:percent} of target at best.",
        current_value="active, {daily_rate:currency} a day",
        recommended_value="paused",
        steps=(
            "Pause delivery on all channels of {target_name}.",
            "Hold the {planned_spend:currency} of planned spend in reserve.",
            _RESUME,
        ),
        what_could_go_wrong="Reach campaigns may pay back later, or in revenue recorded elsewhere.",
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
        description="Pause {target_name}: {matured_spend:currency} spent with no conversions.",
        rationale="The campaign is judged on conversions. The channel spent "
        "{matured_spend:currency} on days old enough to convert and recorded none, and no revenue "
        "came in.",
        current_value="delivering, {window_spend:currency} in the current window",
        recommended_value="paused in this campaign",
        steps=(
            "Check that {channel_name} conversions are tracked.",
            "Pause {channel_name} in {campaign_name}.",
            (
                "Watch the campaign's other channels for a week; some conversions may depend on "
                "this one."
            ),
        ),
        what_could_go_wrong="The channel may assist conversions credited to others.",
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
        description="Pause {target_name}: it returns {roas:ratio} on spend.",
        rationale="The channel's return on ad spend over the last {days:integer} days with "
        "delivery is {roas:ratio}, at most {roas_high:ratio}: {attainment_high:percent} of target "
        "at best.",
        current_value="delivering, {window_spend:currency} in the current window",
        recommended_value="paused in this campaign",
        steps=(
            "Pause {channel_name} in {campaign_name}.",
            (
                "Watch the campaign's other channels for a week; some conversions may depend on "
                "this one."
            ),
        ),
        what_could_go_wrong="The channel may assist conversions credited to others.",
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
        description="Decide whether {target_name} gets more budget or ends: its budget is spent "
        "and it is still spending.",
        rationale="{remaining:currency} of the {budget:currency} budget is left, with "
        "{days_left:integer} days to go at {daily_rate:currency} a day. Return on ad spend is "
        "{roas:ratio} ({roas_low:ratio} to {roas_high:ratio}).",
        current_value="{daily_rate:currency} a day without budget",
        recommended_value="a budget for the rest of the flight, or an earlier end",
        steps=(
            (
                "Compare the return with the target: continuing costs {run_rate:currency} "
                "over the next {horizon_days:integer} days."
            ),
            "Approve that amount, or pause {target_name} today.",
            "Find out why spending did not stop at the budget.",
        ),
        what_could_go_wrong="Each day without a decision spends unapproved money.",
        impact=Impact(
            basis="Continuing at the current daily spend over the horizon: revenue at each end "
            "of the return's interval, with its cost as negative savings. Ending it saves the "
            "spend and forgoes the revenue.",
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
        description="Slow {target_name}: at this pace it finishes {projected_gap:currency} over "
        "budget.",
        rationale="Spend is {pace:ratio} of plan to date. The projected total is "
        "{projected_end_spend:currency} against a budget of {budget:currency}.",
        current_value="{daily_rate:currency} a day",
        recommended_value="{affordable_rate:currency} a day",
        steps=(
            (
                "Set the daily limit to {affordable_rate:currency}; the remaining "
                "{remaining:currency} then lasts {days_left:integer} days."
            ),
            "Cut the lowest-return channels first.",
        ),
        what_could_go_wrong="Slower delivery may reset what bidding systems have learned.",
        impact=Impact(
            basis="The projected overrun is avoided; the revenue it would bring at each end of "
            "the return's interval is forgone.",
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
        description="Improve {target_name}: it has returned {life_roas:ratio} to date, below "
        "expectations.",
        rationale="Return to date is {life_roas:ratio} of spend, below expectations. The recent "
        "return is not low enough to cut the budget.",
        current_value="return on ad spend {life_roas:ratio}",
        recommended_value="return on ad spend that meets expectations",
        steps=(
            "Find the segments, creatives and journey steps that hold back the return.",
            "Change one thing at a time and measure it with an experiment.",
        ),
        what_could_go_wrong="Untested changes may lower the return unnoticed.",
        impact=Impact(basis="The gain depends on what is changed; it is not estimated."),
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
