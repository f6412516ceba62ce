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
        "paused until the risk is resolved",
        (
            "Pause {about} in {campaign_name}.",
            "Confirm whether the risk is real: {known}.",
            "Resume what clears review; replace what does not.",
        ),
        "If the risk is not real, delivery is lost for nothing.",
        "halts",
    ),
    RiskAction.REDUCE_BUDGET: _Way(
        Action.DECREASE_BUDGET,
        Category.BUDGET,
        "Finance",
        "Cap the spend of {about}",
        "capped at the usual level",
        (
            "Cap daily spend on {about} at its usual level.",
            "Find what drove the spend: {known}.",
            "Lift the cap once the cause is fixed.",
        ),
        "A cap set too low stops profitable delivery.",
        "eased",
    ),
    RiskAction.SCALE_DOWN: _Way(
        Action.DECREASE_BUDGET,
        Category.AUDIENCE,
        "Audience lead",
        "Reduce traffic to {about}",
        "a smaller share of the campaign's traffic",
        (
            "Halve the share of {about} in {campaign_name}.",
            "Move the rest to audiences that convert.",
            "Review after a full window: {known}.",
        ),
        "A weak start may reflect a slow audience.",
        "eased",
    ),
    RiskAction.HUMAN_REVIEW: _Way(
        Action.OPTIMIZE,
        Category.CAMPAIGN,
        "Brand and compliance",
        "Review {about}",
        "reviewed, with the outcome recorded",
        (
            "Give a reviewer {about} and the evidence: {known}.",
            "Record the outcome; mitigate or dismiss the risk.",
        ),
        "Delivery continues during the review.",
    ),
    RiskAction.REVISE_COPY: _Way(
        Action.OPTIMIZE,
        Category.CREATIVE,
        "Creative lead",
        "Revise the copy of {about}",
        "revised and approved",
        (
            "Rewrite what the risk identifies: {known}.",
            "Get the new copy approved before delivery.",
            "Test it against the old copy.",
        ),
        "New copy may perform worse.",
    ),
    RiskAction.INVESTIGATE_TRACKING: _Way(
        Action.OPTIMIZE,
        Category.CAMPAIGN,
        "Analytics",
        "Investigate the tracking of {about}",
        "cause identified, then fixed or ruled out",
        (
            "Make a test click and a test conversion for {about}; confirm both are counted.",
            "Compare the affected days with the platform's own report: {known}.",
            "Fix the tag, or rule out tracking and accept the figures.",
        ),
        "Until it is resolved, decisions rest on figures that may be wrong.",
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
        "maturity_days",
        "lifetime_days",
        "materiality",
        "usual_share",
        "usual_spread",
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
    "The cost of the risk is not in the data; the stake is the affected spend in the current "
    "window."
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
        rationale="{source}: {known}. Affected spend in the current window is {exposure:currency}.",
        current_value="{status:words}; {exposure:currency} in the current window",
        recommended_value=way.goal,
        steps=(*way.steps, "Mark {entry} mitigated or dismissed, and record the reason."),
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
    description="Close the {severity} risk on {about}: {kind}.{others}",
    rationale="{source}; {status:words}. The affected items are not currently delivering: {known}.",
    current_value="{status:words}, nothing delivered in the current window",
    recommended_value="mitigated or dismissed, with a reason",
    steps=(
        "Find out what happened while it is fresh.",
        "Mark {entry} mitigated or dismissed, and record the reason.",
        "Hold {about} out of the next flight until then.",
    ),
    what_could_go_wrong="Closed without a known cause, it may return with the next flight.",
    impact=Impact("Nothing affected is currently delivering, so nothing is at stake."),
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
