"""What to do about a segment: scale, revise or stop it, or settle whose word stands."""

from __future__ import annotations

from mktorch.analysis.goals import Goal
from mktorch.recommend.rule import Compare, Impact, Rule, When
from mktorch.recommend.worth import Kind, kinds
from mktorch.vocab import (
    Action,
    CampaignStatus,
    Category,
    Level,
    Priority,
    SegmentRecommendation,
)

_IS = Compare.IS
NOT_MET = When("goal", Compare.ONE_OF, words=(Goal.MISSED, Goal.OPEN))
"""The campaign's own KPI is short of its target, or has none."""
_ACTIVE = When("campaign_status", _IS, words=(CampaignStatus.ACTIVE,))
_OWNER = "Audience lead"
_BEHIND = (
    "segment_rules.authority",
    "segment_rules.trend_alpha",
    "segment_rules.minimum_impressions",
    "segment_rules.stop_clicks",
    "segment_rules.stop_ratio",
    "segment_rules.revise_ratio",
    "segment_rules.scale_ratio",
    "segment_rules.scale_roas",
)
_RETURN = "{base_cost:currency} spent and {base_revenue:currency} returned in the current window"
_STANDS = (
    "It attains {kpi_attainment:percent} of the campaign's {label} and returns "
    "{current_roas:ratio} on its spend."
)
_DAYS = ("flight_days", "elapsed_days")
_FACTS = ("trend", "trend_low", "trend_high", "kpi_attainment", "rest_low", "rest_high")


def _agreed(word: SegmentRecommendation) -> tuple[When, ...]:
    """The recommendation stands, and the data says the same."""
    return (
        When("recommendation", _IS, words=(word,)),
        When("computed_recommendation", _IS, words=(word,)),
        _ACTIVE,
    )


_STOP = Rule(
    id="stop_segment",
    view="segment",
    category=Category.AUDIENCE,
    action=Action.PAUSE,
    when=(
        *_agreed(SegmentRecommendation.STOP),
        When("base_cost", Compare.ABOVE, number=0),
        NOT_MET,
    ),
    priority=Priority.HIGH,
    gravity=580,
    owner=_OWNER,
    risk=Level.MEDIUM,
    description="Stop spending on {target_name}.",
    rationale="{why}: {current_clicks:integer} clicks and "
    "{current_conversions:count} conversions in the current window.",
    current_value=_RETURN,
    recommended_value="paused",
    steps=(
        "Rule out a tracking fault: confirm a test conversion is counted.",
        "Pause every asset of {segment_name} in {campaign_name}.",
        "Move the remaining money to a higher-return segment of the campaign.",
    ),
    what_could_go_wrong="If conversions go uncounted, a working segment is stopped; late "
    "conversions are not in the window yet.",
    impact=Impact(
        "The stake is the spend that stops; what it would still have brought is not measured."
    ),
    stake="base_cost",
    raises="campaign_runs",
    lowers="stopped",
    behind=_BEHIND,
    facts=_FACTS,
)


def _revise(kind: Kind, gravity: int) -> Rule:
    return Rule(
        id=f"revise_segment{kind.name}",
        view="segment",
        category=Category.AUDIENCE,
        action=Action.OPTIMIZE,
        when=(*_agreed(SegmentRecommendation.REVISE), kind.when),
        priority=Priority.MEDIUM,
        gravity=gravity,
        owner=_OWNER,
        risk=Level.LOW,
        description="Revise the creative shown to {target_name}.",
        rationale="{why}. " + _STANDS,
        current_value=_RETURN,
        recommended_value="the {label} of the prior window",
        steps=(
            "Find which creative and channel of {segment_name} declined.",
            "Rework the weakest creative, or narrow the audience.",
            "Review after a full window.",
        ),
        what_could_go_wrong="The audience may be exhausted, and no message brings it back.",
        impact=kind.impact,
        stake="base_cost",
        raises="campaign_runs",
        behind=(*_BEHIND, "recommendation_rules.horizon_days"),
        facts=(*_FACTS, "trend_change", "base_cost", "base_revenue", *_DAYS),
    )


_SCALE = Rule(
    id="scale_segment",
    view="segment",
    category=Category.AUDIENCE,
    action=Action.SCALE,
    when=_agreed(SegmentRecommendation.SCALE),
    priority=Priority.MEDIUM,
    gravity=220,
    owner=_OWNER,
    risk=Level.MEDIUM,
    description="Increase reach in {target_name}.",
    rationale="{why}. " + _STANDS,
    current_value=_RETURN,
    recommended_value="a larger share of the campaign's spend",
    steps=(
        "Raise the segment's share of {campaign_name} in steps, within its budget.",
        "Track {label} and return after each step.",
        "Stop where the last step returns less than the campaign.",
    ),
    what_could_go_wrong="The next people reached may respond less than those reached so far.",
    impact=Impact(
        "The return at a higher spend was not measured; an average does not predict the next "
        "dollar."
    ),
    stake="base_cost",
    raises="scaled_up",
    behind=_BEHIND,
    facts=_FACTS,
)


def _settle(name: str, priority: Priority, gravity: int, *words: SegmentRecommendation) -> Rule:
    return Rule(
        id=f"settle_{name}_segment",
        view="segment",
        category=Category.AUDIENCE,
        action=Action.OPTIMIZE,
        when=(
            When("agree", _IS, words=("false",)),
            When("computed_recommendation", Compare.ONE_OF, words=words),
            _ACTIVE,
        ),
        priority=priority,
        gravity=gravity,
        owner=_OWNER,
        risk=Level.LOW,
        description="Resolve the recommendation for {target_name}: the supplied record says "
        "{supplied_recommendation}, the data says {computed_recommendation}.",
        rationale="The data shows: {rule_sentence}. " + _STANDS + " As set, the "
        "{recommendation_source} word stands.",
        current_value="{recommendation} ({recommendation_source})",
        recommended_value="one recommendation, with its reason",
        steps=(
            "Compare the counts of the supplied record with the performance rows.",
            "Ask the author of the supplied recommendation for its basis.",
            "Correct the record, or adopt the computed recommendation.",
        ),
        what_could_go_wrong="Until resolved, the segment continues on a recommendation the data "
        "doesn't support.",
        impact=Impact("The gain depends on which of the two is right."),
        stake="base_cost",
        raises="campaign_runs",
        behind=_BEHIND,
        facts=_FACTS,
    )


RULES: tuple[Rule, ...] = (
    _STOP,
    *(
        _revise(kind, 240 - place)
        for place, kind in enumerate(
            kinds("the way back to the prior window", "the segment's money")
        )
    ),
    _SCALE,
    _settle(
        "losing",
        Priority.MEDIUM,
        205,
        SegmentRecommendation.STOP,
        SegmentRecommendation.REVISE,
    ),
    _settle(
        "disputed",
        Priority.LOW,
        200,
        SegmentRecommendation.SCALE,
        SegmentRecommendation.HOLD,
    ),
)
