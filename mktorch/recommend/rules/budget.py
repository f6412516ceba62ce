"""Rules of budgets: more for proven winners, less for poor returns, moves between the two."""

from __future__ import annotations

from mktorch.config.budget_rules import Pacing
from mktorch.recommend.reallocate import CAPS
from mktorch.recommend.rule import Compare, Impact, Range, Rule, When
from mktorch.recommend.rules.campaigns import (
    ACTIVE,
    AHEAD,
    BY_RETURN,
    ENDS,
    RETURN,
    SOME_SPEND,
    SPENDS,
)
from mktorch.vocab import Action, Category, Level, Priority

_PROVEN = When("attainment_low", Compare.ABOVE, "performance_thresholds.exceeding_expectations")
_POOR = When("attainment_high", Compare.BELOW, "performance_thresholds.meeting_expectations")
_LEFT = When("remaining", Compare.ABOVE, number=0.0)
_GOES_ON = When("days_left", Compare.ABOVE, number=0.0)
_CHANGE = ("recommendation_rules.change_share", "recommendation_rules.maximum_change")
_PACE = ("budget_rules.over_pace", "budget_rules.under_pace")
_APART = When("return_gap", Compare.ABOVE, "recommendation_rules.reallocation_gap")
_WORTH = When("amount", Compare.AT_LEAST, "recommendation_rules.minimum_reallocation")
_SOME = When("amount", Compare.ABOVE, number=0.0)
_MOVED = Impact(
    basis="The amount times the recipient's return less the donor's: low end against high, point "
    "against point, high end against low. Nothing is saved; the money is still spent.",
    roi_lift=Range("lift_low", "lift", "lift_high"),
    revenue=Range("gain_low", "gain", "gain_high"),
    reason="move_reason",
)
_MOVE_FACTS = (
    "rest",
    "capacity",
    "donor_roas_low",
    "donor_roas",
    "donor_roas_high",
    "recipient_roas_low",
    "recipient_roas",
    "recipient_roas_high",
)

RULES = (
    Rule(
        id="reallocate_between_campaigns",
        view="campaign",
        category=Category.BUDGET,
        action=Action.REALLOCATE,
        when=(ACTIVE, SPENDS, _APART, _WORTH, _SOME),
        priority=Priority.HIGH,
        gravity=620,
        owner="Budget owner",
        risk=Level.MEDIUM,
        description="Move {amount:currency} of budget from {target_name} to {recipient_name}.",
        rationale="{recipient_name} returns at least {recipient_roas_low:ratio}; {target_name} "
        "returns at most {donor_roas_high:ratio}. The intervals do not overlap.",
        current_value="{rest:cents} remaining for {target_name}",
        recommended_value="{amount:cents} of that to {recipient_name}",
        steps=(
            "Move {amount:cents}, or {amount_share:percent} of what {target_name} has left.",
            "Spread the spend at {recipient_name} over the horizon.",
            "Compare both returns after a full window; reverse the move if the gap closes.",
        ),
        what_could_go_wrong="The recipient's next dollar may return less than its average.",
        impact=_MOVED,
        stake="amount",
        raises="recipient_budget",
        reaches=("budget",),
        lowers="own_budget",
        increases=True,
        behind=(*RETURN, *AHEAD, *_PACE),
        caps=CAPS,
        facts=_MOVE_FACTS,
    ),
    Rule(
        id="reallocate_between_channels",
        view="channel",
        category=Category.BUDGET,
        action=Action.REALLOCATE,
        when=(ACTIVE, SOME_SPEND, _APART, _WORTH, _SOME),
        priority=Priority.MEDIUM,
        gravity=610,
        owner="Channel manager",
        risk=Level.MEDIUM,
        description="Move {amount:currency} within {campaign_name} from {channel_name} to "
        "{recipient_name}.",
        rationale="In {campaign_name}, {recipient_name} returns at least "
        "{recipient_roas_low:ratio}; {channel_name} returns at most {donor_roas_high:ratio}. The "
        "intervals do not overlap.",
        current_value="{rest:cents} planned on {channel_name}",
        recommended_value="{amount:cents} of it on {recipient_name}",
        steps=(
            (
                "Move {amount:cents}, or {amount_share:percent} of what {channel_name} would "
                "spend over the next {horizon_days:integer} days."
            ),
            "Raise {recipient_name} in steps and watch its return.",
            "Compare both returns after a full window; reverse the move if the gap closes.",
        ),
        what_could_go_wrong="The recipient's next dollar may return less than its average; the "
        "donor may assist conversions credited to others.",
        impact=_MOVED,
        stake="amount",
        raises="recipient_money",
        reaches=("channel",),
        lowers="own_money",
        behind=(*RETURN, *AHEAD),
        caps=CAPS,
        facts=_MOVE_FACTS,
    ),
    Rule(
        id="decrease_budget_of_poor_return",
        view="campaign",
        category=Category.BUDGET,
        action=Action.DECREASE_BUDGET,
        when=(
            ACTIVE,
            SPENDS,
            BY_RETURN,
            _POOR,
            _LEFT,
            When("planned_spend", Compare.ABOVE, number=0.0),
        ),
        priority=Priority.HIGH,
        gravity=600,
        owner="Budget owner",
        risk=Level.LOW,
        description="Cut the {target_name} budget by {cut:currency}: it returns {roas:ratio}.",
        rationale="Return on ad spend over the last {days:integer} days with delivery is "
        "{roas:ratio}, at most {roas_high:ratio}: below expectations at best.",
        current_value="budget {budget:currency}",
        recommended_value="budget {cut_to:cents}",
        steps=(
            "Lower the budget of {target_name} by {cut:cents}.",
            "Cut the lowest-return channels and segments first.",
            "Review the return after a full window before cutting further.",
        ),
        what_could_go_wrong="An even cut may remove the best spend along with the worst.",
        impact=Impact(
            basis="The cut is saved; the revenue it would bring at each end of the return's "
            "interval is forgone.",
            revenue=Range("cut_revenue_low", "cut_revenue", "cut_revenue_high"),
            savings=Range("cut", "cut", "cut"),
            reason="return_reason",
        ),
        stake="cut",
        raises="campaign_runs",
        lowers="own_budget",
        behind=(*RETURN, *AHEAD),
        caps=_CHANGE,
        facts=("planned_spend", *ENDS),
    ),
    Rule(
        id="increase_budget_of_winner",
        view="campaign",
        category=Category.BUDGET,
        action=Action.INCREASE_BUDGET,
        when=(
            ACTIVE,
            SPENDS,
            _PROVEN,
            _LEFT,
            _GOES_ON,
            When("pacing", Compare.ONE_OF, words=(str(Pacing.ON_PACE), str(Pacing.OVER))),
        ),
        priority=Priority.HIGH,
        gravity=500,
        owner="Budget owner",
        risk=Level.MEDIUM,
        description="Raise the {target_name} budget by {rise:currency}: it returns at least "
        "{roas_low:ratio}.",
        rationale="Return on ad spend over the last {days:integer} days with delivery is "
        "{roas:ratio}, at least {roas_low:ratio}. Spend is on plan and {remaining:currency} "
        "remains.",
        current_value="budget {budget:currency}",
        recommended_value="budget {rise_to:cents}",
        steps=(
            "Raise the budget of {target_name} by {rise:cents}.",
            "Spread the increase over the next {horizon_days:integer} days.",
            "Track the return on the added spend; stop where it falls below target.",
        ),
        what_could_go_wrong="The next dollar may return less than the average so far.",
        impact=Impact(
            basis="The added spend times each end of the return's interval, at the same return; "
            "its cost counts as negative savings.",
            revenue=Range("rise_revenue_low", "rise_revenue", "rise_revenue_high"),
            savings=Range("rise_cost", "rise_cost", "rise_cost"),
            reason="return_reason",
        ),
        stake="rise",
        raises="campaign_and_budget",
        increases=True,
        behind=(*RETURN, *AHEAD, *_PACE),
        caps=_CHANGE,
        facts=("run_rate", *ENDS),
    ),
    Rule(
        id="spend_winner_faster",
        view="campaign",
        category=Category.BUDGET,
        action=Action.SCALE,
        when=(
            ACTIVE,
            SPENDS,
            _PROVEN,
            _LEFT,
            _GOES_ON,
            When("pacing", Compare.IS, words=(str(Pacing.UNDER),)),
            When("projected_gap", Compare.BELOW, number=0.0),
        ),
        priority=Priority.HIGH,
        gravity=490,
        owner="Campaign manager",
        risk=Level.MEDIUM,
        description="Spend {faster:currency} more on {target_name} within its budget: it returns "
        "at least {roas_low:ratio} and is underspending.",
        rationale="Return on ad spend over the last {days:integer} days with delivery is "
        "{roas:ratio}, at least {roas_low:ratio}. Spend is {pace:ratio} of plan; the projected "
        "total is {projected_end_spend:currency} of {budget:currency}.",
        current_value="{run_rate:cents} over the next {horizon_days:integer} days",
        recommended_value="{faster:cents} more over the same days",
        steps=(
            "Raise daily limits on {target_name} to spend {faster:cents} more.",
            "Favor its highest-return channels.",
            "Track the return on the added spend; stop where it falls below target.",
        ),
        what_could_go_wrong="The next dollar may return less than the average so far.",
        impact=Impact(
            basis="The added spend times each end of the return's interval, at the same return; "
            "its cost counts as negative savings.",
            revenue=Range("faster_revenue_low", "faster_revenue", "faster_revenue_high"),
            savings=Range("faster_cost", "faster_cost", "faster_cost"),
            reason="return_reason",
        ),
        stake="faster",
        raises="campaign_and_budget",
        increases=True,
        behind=(*RETURN, *AHEAD, *_PACE),
        caps=("recommendation_rules.growth_share",),
        facts=("run_rate", *ENDS),
    ),
)
