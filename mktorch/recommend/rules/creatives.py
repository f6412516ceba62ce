"""What to do about a creative: stop what nobody approved, mend what drags its segment."""

from __future__ import annotations

from mktorch.recommend.rule import Compare, Impact, Rule, When
from mktorch.recommend.worth import Kind, kinds
from mktorch.vocab import Action, CampaignStatus, Category, Level, Priority

_PLACE = ("channel_id", "segment_id")
_DELIVERED = When("base_impressions", Compare.ABOVE, number=0)
_UNPRICED = Impact(
    "The cost of a policy breach is not in the data; the stake is the spend that stops."
)
_UNAPPROVED = Rule(
    id="pause_unapproved_creative",
    view="creative",
    category=Category.CREATIVE,
    action=Action.PAUSE,
    when=(_DELIVERED, When("approved", Compare.IS, words=("false",))),
    priority=Priority.HIGH,
    gravity=690,
    owner="Brand and compliance",
    risk=Level.LOW,
    description="Pause {target_name} ({target_id}) until it is approved.",
    rationale="It had {base_impressions:integer} impressions in the current window with no "
    "approval on file.",
    current_value="delivered without approval; {base_cost:currency} in the current window",
    recommended_value="paused until approved",
    steps=(
        "Pause {target_id} on {channel_name} in {campaign_name}.",
        "Have Brand and compliance review the wording, claims and call to action.",
        "Approve and resume it, or replace it with an approved creative of {segment_name}.",
        "Find out how it went live without approval.",
    ),
    what_could_go_wrong="Its audience sees nothing while it is paused; if approval exists but "
    "was not recorded, delivery is lost for nothing.",
    impact=_UNPRICED,
    stake="base_cost",
    lowers="halts",
    facts=_PLACE,
)
_FLAGGED = Rule(
    id="pause_flagged_creative",
    view="creative",
    category=Category.CREATIVE,
    action=Action.PAUSE,
    when=(_DELIVERED, When("flags", Compare.ABOVE, number=0)),
    priority=Priority.HIGH,
    gravity=680,
    owner="Brand and compliance",
    risk=Level.LOW,
    description="Pause {target_name} ({target_id}) until its risk flags are cleared.",
    rationale="It had {base_impressions:integer} impressions in the current window and was "
    "{flags_detail:words}.",
    current_value="delivered with risk flags: {flags:integer}; {base_cost:currency} in the "
    "current window",
    recommended_value="paused until all flags are cleared",
    steps=(
        "Pause {target_id} on {channel_name} in {campaign_name}.",
        "Rewrite the flagged content, or document why it may stay.",
        "Clear the flags in the creative's record, then resume it.",
    ),
    what_could_go_wrong="Its audience sees nothing while it is paused; an unfounded flag stops a "
    "sound creative.",
    impact=_UNPRICED,
    stake="base_cost",
    lowers="halts",
    facts=_PLACE,
)


def _drag(kind: Kind, gravity: int) -> Rule:
    return Rule(
        id=f"replace_dragging_creative{kind.name}",
        view="creative",
        category=Category.CREATIVE,
        action=Action.OPTIMIZE,
        when=(
            When("shortfall", Compare.BELOW, number=0),
            When("attainment", Compare.BELOW, setting="recommendation_rules.creative_attainment"),
            When("running_experiments", Compare.AT_MOST, number=0),
            When("campaign_status", Compare.IS, words=(CampaignStatus.ACTIVE,)),
            kind.when,
        ),
        priority=Priority.MEDIUM,
        gravity=gravity,
        owner="Creative lead",
        risk=Level.LOW,
        description="Replace or rework {target_name} ({target_id}): it holds back {segment_name}.",
        rationale="Its {label} attains {attainment:percent} of what the segment's other "
        "{peers:integer} creatives reach together, and the whole interval of the difference, "
        "{difference_low:signed_percent} to {difference_high:signed_percent}, is on the worse "
        "side of 0.",
        current_value="{attainment:percent} of the other creatives' {label}; {base_cost:currency} "
        "spent in the current window",
        recommended_value="as the other creatives",
        steps=(
            "Compare theme, call to action and channel ({channel_name}) with the better creatives.",
            "Rework it, or give its traffic to them.",
            "Run the new version as an experiment against the best of them.",
        ),
        what_could_go_wrong="The channel may be weak, not the creative; compare within "
        "{channel_name} before replacing it.",
        impact=kind.impact,
        stake="base_cost",
        raises="campaign_runs",
        behind=("segment_rules.trend_alpha", "recommendation_rules.horizon_days"),
        facts=(
            "difference",
            "kpi_value",
            "rest_value",
            "base_cost",
            "base_revenue",
            "flight_days",
            "elapsed_days",
            *_PLACE,
        ),
    )


RULES: tuple[Rule, ...] = (
    _UNAPPROVED,
    _FLAGGED,
    *(
        _drag(kind, 250 - place)
        for place, kind in enumerate(
            kinds("the way to the segment's other creatives", "the creative's money")
        )
    ),
)
