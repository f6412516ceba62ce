"""What to do about recorded moves of budget: decide what waits, review what went unapproved."""

from __future__ import annotations

from mktorch.recommend.rule import Compare, Impact, Rule, When
from mktorch.vocab import Action, BudgetStatus, Category, Level, Priority

_OWNER = "Finance"
_MOVE = "{amount:in currency} from {from_channel} to {to_channel} in {campaign_name}"
_UNPRICED = Impact("What a move brings is measured after it is made; the stake is its amount.")
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
        rationale="Proposed by {proposed_by} for {reason_code:words}, it has waited "
        "{age_days:integer} days.",
        current_value="{status:words} for {age_days:integer} days",
        recommended_value="approved or rejected",
        steps=(
            "Compare the return of {from_channel} with that of {to_channel} in the campaign.",
            "See that no other recommendation pulls at {to_channel} or the campaign.",
            "Approve or reject {target_id}, with the reason on record.",
        ),
        what_could_go_wrong="The figures it was proposed on may have moved since: an old proposal "
        "approved unread moves money on old news.",
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
    description="Review {target_id}, executed without the approval it needed: " + _MOVE + ".",
    rationale="A move of this amount needs a person's approval; none is recorded.",
    current_value="executed, unapproved",
    recommended_value="approved afterwards, or rolled back",
    steps=(
        "Ask {proposed_by} how {target_id} was executed.",
        "Compare the return of {to_channel} before and after it.",
        "Approve it afterwards or roll it back, and put the reason on record.",
        "Close the way by which it went through.",
    ),
    what_could_go_wrong="Rolling back a move that works costs what it brings; the approval may "
    "exist and only not be recorded.",
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
    rationale="From and to are one channel, so it moves nothing; one of the two is wrong, or the "
    "record is.",
    current_value="{from_channel} to {to_channel}, {status:words}",
    recommended_value="the channel that was meant, or rolled back",
    steps=(
        "Ask {proposed_by} which channel was meant.",
        "Record the move anew, and roll {target_id} back.",
    ),
    what_could_go_wrong="If the money did move elsewhere, the books and the channels disagree.",
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
