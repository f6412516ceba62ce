"""What to do about a step of the journey: mend a break, close a leak, explain what grows."""

from __future__ import annotations

from mktorch.config.funnel_rules import StepFinding
from mktorch.recommend.rule import Compare, Impact, Rule, When
from mktorch.vocab import Action, CampaignStatus, Category, Level, Priority

_OPEN = When(
    "campaign_status", Compare.ONE_OF, words=(CampaignStatus.ACTIVE, CampaignStatus.PAUSED)
)
_OWNER = "Journey owner"
_BEHIND = (
    "funnel_rules.people_from",
    "funnel_rules.minimum_people",
    "funnel_rules.minimum_peers",
    "funnel_rules.leak_ratio",
    "funnel_rules.break_people",
)
_CEILING = Impact(
    "The gain from fixing the step was not measured. The stake is a ceiling: what the people "
    "lost beyond the usual rate would have brought, at the value of those who pass."
)


def _found(finding: StepFinding) -> tuple[When, ...]:
    return When("finding", Compare.IS, words=(finding,)), _OPEN


_BREAK = Rule(
    id="mend_journey_break",
    view="journey",
    category=Category.CAMPAIGN,
    action=Action.OPTIMIZE,
    when=_found(StepFinding.BREAK),
    priority=Priority.HIGH,
    gravity=295,
    owner=_OWNER,
    risk=Level.LOW,
    description="Fix the {campaign_name} journey: no one gets from {from_stage:stage} to "
    "{to_stage:stage}.",
    rationale="{from_count:count} {from_stage:stage}, a recorded {to_count:count} "
    "{to_stage:stage}; "
    "{usual_conversion:percent} is usual over {peers:integer} journeys.",
    current_value="{to_count:count} of {from_count:count}",
    recommended_value="{usual_conversion:percent}, as elsewhere",
    steps=(
        "Walk the step from {from_stage:stage} to {to_stage:stage} by hand on each device.",
        "Confirm {to_stage:stage} are counted where they happen.",
        "Fix the page or the tag before sending more traffic.",
    ),
    what_could_go_wrong="If only the counting is broken, the page is changed for nothing.",
    impact=_CEILING,
    stake="money_at_stake",
    behind=_BEHIND,
)
_LEAK = Rule(
    id="close_journey_leak",
    view="journey",
    category=Category.CAMPAIGN,
    action=Action.OPTIMIZE,
    when=_found(StepFinding.LEAK),
    priority=Priority.MEDIUM,
    gravity=290,
    owner=_OWNER,
    risk=Level.LOW,
    description="Close the {campaign_name} leak between {from_stage:stage} and {to_stage:stage}.",
    rationale="{conversion:percent} go on, from {conversion_low:percent} to "
    "{conversion_high:percent}; {usual_conversion:percent} is usual over {peers:integer} journeys. "
    "About {lost_beyond_usual:integer} people more than usual are lost.",
    current_value="{to_count:count} of {from_count:count}: {conversion:percent}",
    recommended_value="{usual_conversion:percent}, as elsewhere",
    steps=(
        "Watch people between {from_stage:stage} and {to_stage:stage}: where do they stop?",
        "Compare the step with a journey that converts as usual.",
        "Fix the largest obstacle, as an experiment where traffic allows.",
    ),
    what_could_go_wrong="This audience may never convert like the others, regardless of the page.",
    impact=_CEILING,
    stake="money_at_stake",
    behind=(
        *_BEHIND,
        "statistical_significance_threshold",
    ),
)
_QUESTION = Rule(
    id="explain_growing_journey",
    view="journey",
    category=Category.CAMPAIGN,
    action=Action.OPTIMIZE,
    when=_found(StepFinding.DATA_QUESTION),
    priority=Priority.LOW,
    gravity=120,
    owner="Analytics",
    risk=Level.LOW,
    description="Explain why {campaign_name} counts more {to_stage:stage} than {from_stage:stage}.",
    rationale="{reason}.",
    current_value="{to_count:count} {to_stage:stage}, {from_count:count} {from_stage:stage}",
    recommended_value="no step that grows",
    steps=(
        "Check which sources count {from_stage:stage} and {to_stage:stage}.",
        "Look for a route to {to_stage:stage} that skips {from_stage:stage}.",
        "Correct the events, or record the other route as a stage.",
    ),
    what_could_go_wrong="No risk to delivery; the question is about the count.",
    impact=Impact("A question about the count; nothing is at stake."),
    behind=_BEHIND,
)
RULES: tuple[Rule, ...] = (_BREAK, _LEAK, _QUESTION)
