"""What to do about recorded moves of budget: decide what waits, review what went unapproved."""

from __future__ import annotations

from mktorch.recommend.rule import Compare, Impact, Rule, When
from mktorch.vocab import Action, BudgetStatus, Category, Level, Priority

_OWNER = "Finance"
_MOVE = "{amount:in currency} from {from_channel} to {to_channel} in {campaign_name}"
_UNPRICED = Impact("The effect is measured after the move; the stake is its amount.")
_YES = ("true",)
_CHANNELS = ("from_channel_id", "to_channel_id")


def _decide(name: str, flag: str, priority: Priority, gravity: int) -> Rule:
    return Rule(
        id=f"decide_{name}proposal",
        view="proposal",
        category=Category.BUDGET,
        action=Action.OPTIMIZE,
        when=(
            When("status", Compare.IS, words=(BudgetStatus.PROPOSED,)),
            When("stale", Compare.IS, words=(flag,)),
        ),
        priority=priority,
        gravity=gravity,
        owner=_OWNER,
        risk=Level.LOW,
        description="Approve or reject {target_id}: " + _MOVE + ".",
        rationale="Proposed by {proposed_by} for {reason_code:words}; pending for "
        "{age_days:integer} days.",
        current_value="{status:words} for {age_days:integer} days",
        recommended_value="approved or rejected",
        steps=(
            "Compare the returns of {from_channel} and {to_channel} in the campaign.",
            "Check for other recommendations on {to_channel} or the campaign.",
            "Approve or reject {target_id} and record the reason.",
        ),
        what_could_go_wrong="The figures behind the proposal may have changed since.",
        impact=_UNPRICED,
        stake="stake",
        behind=("budget_rules.proposal_stale_days",),
        facts=_CHANNELS,
    )


_REVIEW = Rule(
    id="review_unapproved_move",
    view="proposal",
    category=Category.BUDGET,
    action=Action.OPTIMIZE,
    when=(
        When("status", Compare.IS, words=(BudgetStatus.EXECUTED,)),
        When("violation", Compare.IS, words=_YES),
    ),
    priority=Priority.HIGH,
    gravity=650,
    owner=_OWNER,
    risk=Level.LOW,
    description="Review {target_id}, executed without required approval: " + _MOVE + ".",
    rationale="Moves of this size require approval; none is on file.",
    current_value="executed, unapproved",
    recommended_value="approved after the fact, or rolled back",
    steps=(
        "Ask {proposed_by} how {target_id} was executed.",
        "Compare the return of {to_channel} before and after the move.",
        "Approve it after the fact or roll it back, and record the reason.",
        "Close the gap that let it through.",
    ),
    what_could_go_wrong="Rolling back a move that works forgoes its gain; the approval may exist "
    "but not be recorded.",
    impact=_UNPRICED,
    stake="stake",
    behind=("budget_rules.approval_required_amount",),
    facts=("required_approval", *_CHANNELS),
)
_SELF = Rule(
    id="correct_self_move",
    view="proposal",
    category=Category.BUDGET,
    action=Action.OPTIMIZE,
    when=(
        When("same_channel", Compare.IS, words=_YES),
        When(
            "status",
            Compare.ONE_OF,
            words=(BudgetStatus.PROPOSED, BudgetStatus.APPROVED, BudgetStatus.EXECUTED),
        ),
    ),
    priority=Priority.LOW,
    gravity=130,
    owner=_OWNER,
    risk=Level.LOW,
    description="Correct {target_id}: it moves {amount:in currency} from {from_channel} to itself.",
    rationale="The source and destination are the same channel, so nothing moves; one of them, "
    "or the record, is wrong.",
    current_value="{from_channel} to {to_channel}, {status:words}",
    recommended_value="the intended channel, or rolled back",
    steps=(
        "Ask {proposed_by} which channel was intended.",
        "Record the correct move and roll back {target_id}.",
    ),
    what_could_go_wrong="If the money moved elsewhere, the books and the channels disagree.",
    impact=Impact("A move from a channel to itself changes nothing."),
    stake="stake",
    facts=_CHANNELS,
)
RULES: tuple[Rule, ...] = (
    _REVIEW,
    _decide("stale_", "true", Priority.HIGH, 280),
    _decide("", "false", Priority.MEDIUM, 270),
    _SELF,
)
