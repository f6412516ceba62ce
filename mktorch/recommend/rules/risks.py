"""What to do about an open risk, by what it asks for and how grave it is."""

from __future__ import annotations

from typing import NamedTuple

from mktorch.recommend.rule import Compare, Impact, Rule, When
from mktorch.vocab import Action, Category, Level, Priority, RiskAction, Severity


class _Way(NamedTuple):
    """How a risk's recommended action is carried out."""

    action: Action
    category: Category
    owner: str
    ask: str
    goal: str
    steps: tuple[str, ...]
    danger: str
    lowers: str = ""


_WAYS = {
    RiskAction.PAUSE: _Way(
        Action.PAUSE,
        Category.CAMPAIGN,
        "Campaign manager",
        "Pause {about}",
        "paused until the risk is settled",
        (
            "Pause {about} in {campaign_name}.",
            "Find out whether the risk holds: {known}.",
            "Resume what is cleared; replace what is not.",
        ),
        "If the risk does not hold, delivery is lost for nothing.",
        "halts",
    ),
    RiskAction.REDUCE_BUDGET: _Way(
        Action.DECREASE_BUDGET,
        Category.BUDGET,
        "Finance",
        "Cap the spend of {about}",
        "capped at what is usual",
        (
            "Set a daily cap on {about} at what it usually spends.",
            "Find out what drove the spend: {known}.",
            "Lift the cap once the cause is mended.",
        ),
        "A cap set too low stops delivery that pays.",
        "eased",
    ),
    RiskAction.SCALE_DOWN: _Way(
        Action.DECREASE_BUDGET,
        Category.AUDIENCE,
        "Audience lead",
        "Give {about} less of the traffic",
        "less of the campaign's traffic",
        (
            "Halve the share of {about} in {campaign_name}.",
            "Put what becomes free to the audiences that convert.",
            "Judge again after a full window: {known}.",
        ),
        "A weak start may only be a slow audience.",
        "eased",
    ),
    RiskAction.HUMAN_REVIEW: _Way(
        Action.OPTIMIZE,
        Category.CAMPAIGN,
        "Brand and compliance",
        "Have a person review {about}",
        "reviewed, with the outcome on record",
        (
            "Show {about} and what is known to a reviewer: {known}.",
            "Record the outcome, and mitigate or dismiss the risk.",
        ),
        "While it waits for review, delivery goes on.",
    ),
    RiskAction.REVISE_COPY: _Way(
        Action.OPTIMIZE,
        Category.CREATIVE,
        "Creative lead",
        "Revise the copy of {about}",
        "revised and approved",
        (
            "Rewrite what the risk points at: {known}.",
            "Have the new copy approved before it is delivered.",
            "Run it as an experiment against the old one.",
        ),
        "New copy may do worse than the old.",
    ),
    RiskAction.INVESTIGATE_TRACKING: _Way(
        Action.OPTIMIZE,
        Category.CAMPAIGN,
        "Analytics",
        "Investigate the tracking of {about}",
        "the cause known, and mended or ruled out",
        (
            "Make a test click and a test conversion for {about}; see whether both are counted.",
            "Compare the days named with the platform's own report: {known}.",
            "Mend the tag, or rule tracking out and judge the figures as they stand.",
        ),
        "While it lasts, decisions rest on figures that may be wrong.",
    ),
}
_GRADES = (
    (Priority.HIGH, 660, (Severity.CRITICAL, Severity.HIGH)),
    (Priority.MEDIUM, 560, (Severity.MEDIUM,)),
    (Priority.LOW, 510, (Severity.LOW,)),
)
_BEHIND = tuple(
    f"risk_rules.{name}"
    for name in (
        "zero_conversion_clicks",
        "zero_conversion_spend",
        "spike_deviations",
        "spike_ratio",
        "spike_amount",
        "spike_minimum_days",
        "mismatch_rate",
        "mismatch_spend_share",
        "alpha",
        "gap_days",
        "silence_days",
        "silence_expected_clicks",
        "match_days",
    )
)
_FACTS = ("risk_type", "origin", "detail")
_REACHES = ("campaign", "budget", "channel", "segment", "asset", "experiment")
_UNPRICED = Impact(
    "What the risk would cost is not in the data; the stake is what it touches cost in the "
    "current window."
)


def _act(
    word: RiskAction,
    way: _Way,
    priority: Priority,
    gravity: int,
    severities: tuple[Severity, ...],
) -> Rule:
    return Rule(
        id=f"{word}_for_{priority}_risk",
        view="risk",
        category=way.category,
        action=way.action,
        when=(
            When("recommended_action", Compare.IS, words=(word,)),
            When("severity", Compare.ONE_OF, words=severities),
            When("exposure", Compare.ABOVE, number=0),
        ),
        priority=priority,
        gravity=gravity,
        owner=way.owner,
        risk=Level.LOW,
        description=way.ask + ": {kind}, {severity} severity, {status:words}.{others}",
        rationale="{source}: {known}. {exposure:currency} was spent in the current window "
        "on what it is about.",
        current_value="{status:words}; {exposure:currency} in the current window",
        recommended_value=way.goal,
        steps=(*way.steps, "Mark {entry} as mitigated or dismissed, with the reason."),
        what_could_go_wrong=way.danger,
        impact=_UNPRICED,
        stake="exposure",
        raises="campaign_runs" if way.lowers else "",
        lowers=way.lowers,
        reaches=_REACHES if way.lowers else (),
        behind=_BEHIND,
        facts=_FACTS,
    )


_CLOSE = Rule(
    id="close_idle_risk",
    view="risk",
    category=Category.CAMPAIGN,
    action=Action.OPTIMIZE,
    when=(When("exposure", Compare.AT_MOST, number=0),),
    priority=Priority.LOW,
    gravity=105,
    owner="Campaign manager",
    risk=Level.LOW,
    description="Close the {severity} risk about {about}: {kind}.{others}",
    rationale="{source}, it is {status:words}, and what it is about delivers nothing now: {known}.",
    current_value="{status:words}, nothing delivered in the current window",
    recommended_value="mitigated or dismissed, with the reason",
    steps=(
        "Find out what happened, while it is remembered.",
        "Mark {entry} as mitigated or dismissed, with the reason.",
        "Hold {about} back from the next flight until then.",
    ),
    what_could_go_wrong="Closed without its cause known, it returns with the next flight.",
    impact=Impact("Nothing it is about is delivered now: there is nothing to lose or to win."),
    stake="exposure",
    behind=_BEHIND,
    facts=_FACTS,
)
RULES: tuple[Rule, ...] = (
    *(
        _act(word, way, priority, gravity - place, severities)
        for priority, gravity, severities in _GRADES
        for place, (word, way) in enumerate(_WAYS.items())
    ),
    _CLOSE,
)
