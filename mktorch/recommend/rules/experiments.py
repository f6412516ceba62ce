"""What to do about an experiment: scale, stop, continue or fix it."""

from __future__ import annotations

from mktorch.recommend.rule import Compare, Impact, Rule, When
from mktorch.recommend.worth import Kind, kinds
from mktorch.vocab import Action, CampaignStatus, Category, ExperimentStatus, Level, Priority

_IS = Compare.IS
_RUNS = When("status", _IS, words=(ExperimentStatus.RUNNING,))
_GATES = (
    "statistical_significance_threshold",
    "minimum_sample_size",
    "lift_threshold_for_scaling",
    "experiment_rules.allocation_alpha",
    "experiment_rules.inference",
    "experiment_rules.correction",
    "experiment_rules.correction_family",
    "experiment_rules.probability_threshold",
    "experiment_rules.prior_alpha",
    "experiment_rules.prior_beta",
    "experiment_rules.tuning_sample",
    "experiment_rules.tuning_days",
    "experiment_rules.power",
    "experiment_rules.ratio_interval",
)
_WORTH = (*_GATES, "recommendation_rules.horizon_days")
_OWNER = "Experiment owner"
_EFFECT = (
    "Improvement in {label}: {improvement:signed_percent} ({improvement_low:signed_percent} "
    "to {improvement_high:signed_percent})"
)
_EVIDENCE = ("lift_low", "lift", "lift_high", "base_cost", "base_revenue")
_DAYS = ("flight_days", "elapsed_days")


def _recommended(word: str) -> When:
    return When("recommendation", _IS, words=(word,))


def _scale(kind: Kind, gravity: int) -> Rule:
    return Rule(
        id=f"scale_variant{kind.name}",
        view="experiment",
        category=Category.EXPERIMENT,
        action=Action.SCALE,
        when=(
            _recommended("scale_variant"),
            When("campaign_status", _IS, words=(CampaignStatus.ACTIVE,)),
            When("base_impressions", Compare.ABOVE, number=0),
            kind.when,
        ),
        priority=Priority.HIGH,
        gravity=gravity,
        owner=_OWNER,
        risk=Level.LOW,
        description="Move traffic from {control_name} ({control_asset}) to {variant_name} "
        "({variant_asset}).{others}",
        rationale=_EFFECT + ". All gates passed, and the control still takes traffic.{claim}",
        current_value="{control_name}: {control_value:figure} {label}, "
        "{base_cost:currency} spent in the current window",
        recommended_value="{variant_name}: {variant_value:figure} {label}",
        steps=(
            "End {target_id} and keep the result.",
            "Make {variant_asset} the default where {control_asset} runs in {campaign_name}.",
            "Keep a small share of traffic on {control_asset} for one window as a check.",
            "After that window, compare {label} with the interval above.",
        ),
        what_could_go_wrong="The lift may fade outside the experiment: early winners tend to be "
        "overstated, and other audiences may respond differently.",
        impact=kind.impact,
        stake="base_cost",
        raises="scaled_up",
        lowers="scaled_down",
        behind=_WORTH,
        facts=(*_EVIDENCE, *_DAYS),
    )


def _stop(kind: Kind, gravity: int) -> Rule:
    return Rule(
        id=f"stop_harmful_variant{kind.name}",
        view="experiment",
        category=Category.EXPERIMENT,
        action=Action.PAUSE,
        when=(
            _recommended("stop"),
            When(
                "status",
                Compare.ONE_OF,
                words=(ExperimentStatus.RUNNING, ExperimentStatus.COMPLETED),
            ),
            When("significant", _IS, words=("true",)),
            When("improvement", Compare.BELOW, number=0),
            When("base_impressions", Compare.ABOVE, number=0),
            kind.when,
        ),
        priority=Priority.HIGH,
        gravity=gravity,
        owner=_OWNER,
        risk=Level.LOW,
        description="Stop {variant_name} ({variant_asset}): it underperforms {control_name} "
        "({control_asset}).",
        rationale=_EFFECT + ": significantly worse, and still delivering.{claim}",
        current_value="{variant_name}: {variant_value:figure} {label}, "
        "{base_cost:currency} spent in the current window",
        recommended_value="{control_name}: {control_value:figure} {label}",
        steps=(
            "Pause {variant_asset} in {campaign_name}.",
            "Return its traffic to {control_asset}.",
            "Record what {target_id} showed, so the theme is not repeated unchanged.",
        ),
        what_could_go_wrong="The variant may suit one segment; check the split by segment before "
        "dropping the theme.",
        impact=kind.impact,
        stake="base_cost",
        raises="campaign_runs",
        lowers="stopped",
        behind=_WORTH,
        facts=(*_EVIDENCE, *_DAYS),
    )


_STOP_FUTILE = Rule(
    id="stop_futile_experiment",
    view="experiment",
    category=Category.EXPERIMENT,
    action=Action.PAUSE,
    when=(
        _recommended("stop"),
        _RUNS,
        When("deciding_gate", _IS, words=("lift",)),
        When("improvement_high", Compare.BELOW, setting="lift_threshold_for_scaling"),
    ),
    priority=Priority.MEDIUM,
    gravity=520,
    owner=_OWNER,
    risk=Level.LOW,
    description="End {target_id}: more data will not bring {variant_name} ({variant_asset}) to the "
    "minimum lift.",
    rationale="The planned sample is reached, and the interval's upper end, "
    "{improvement_high:signed_percent}, is below the minimum lift to scale.",
    current_value="running; improvement {improvement:signed_percent}",
    recommended_value="ended; {control_name} stays",
    steps=(
        "End {target_id} and keep {control_asset} in delivery.",
        "Use the open slot for the next idea.",
    ),
    what_could_go_wrong="A real lift smaller than the threshold would be given up.",
    impact=Impact(
        "No effect in the interval reaches the minimum lift to scale; the gain is traffic for the "
        "next experiment, which has no price yet."
    ),
    stake="base_cost",
    raises="campaign_runs",
    lowers="stopped",
    behind=_GATES,
)
_EXTEND = Rule(
    id="extend_experiment",
    view="experiment",
    category=Category.EXPERIMENT,
    action=Action.OPTIMIZE,
    when=(
        _recommended("continue"),
        _RUNS,
        When("deciding_gate", Compare.ONE_OF, words=("sample", "significance", "lift")),
        When("days_left", Compare.AT_LEAST, number=1),
        When("days_left", Compare.AT_MOST, setting="recommendation_rules.extension_days"),
    ),
    priority=Priority.LOW,
    gravity=150,
    owner=_OWNER,
    risk=Level.LOW,
    description="Run {target_id} for {days_left:integer} more days, to {decided_on:date}, before "
    "deciding.",
    rationale=_EFFECT + ": inconclusive, and {sample_still_needed:integer} trials short of the "
    "planned sample.",
    current_value="{sample_still_needed:integer} trials short",
    recommended_value="{days_left:integer} more days",
    steps=(
        "Leave {control_asset}, {variant_asset} and their split unchanged.",
        "Confirm delivery is funded to {decided_on:date}.",
        "Read the result on {decided_on:date}, not before.",
    ),
    what_could_go_wrong="Traffic may slow and extend the run; the planned sample may still show "
    "no difference.",
    impact=Impact("Inconclusive: an effect of unknown sign has no price."),
    stake="base_cost",
    raises="kept",
    behind=_GATES,
)
_FIX = Rule(
    id="fix_experiment_setup",
    view="experiment",
    category=Category.EXPERIMENT,
    action=Action.OPTIMIZE,
    when=(
        When("setup_faults", Compare.ABOVE, number=0),
        When("status", Compare.ONE_OF, words=(ExperimentStatus.PLANNED, ExperimentStatus.RUNNING)),
    ),
    priority=Priority.MEDIUM,
    gravity=190,
    owner=_OWNER,
    risk=Level.LOW,
    description="Fix the setup of {target_id} and restart: {setup_note}.",
    rationale="An experiment with a setup fault proves nothing, however long it runs.",
    current_value="setup faults: {setup_faults:integer}; {status}",
    recommended_value="no setup faults",
    steps=(
        "Stop traffic to {target_id}.",
        "Fix the fault: {setup_note}.",
        "Restart as a new experiment, so the faulty days are not counted.",
    ),
    what_could_go_wrong="The days run so far are lost; fixing it in place would mix two "
    "experiments.",
    impact=Impact("A faulty experiment measures nothing, so no effect can be expected."),
    stake="base_cost",
)
_SPLIT = Rule(
    id="fix_experiment_split",
    view="experiment",
    category=Category.EXPERIMENT,
    action=Action.OPTIMIZE,
    when=(
        When("allocation_verdict", _IS, words=("failed",)),
        When("allocation_p", Compare.BELOW, setting="experiment_rules.allocation_alpha"),
        _RUNS,
    ),
    priority=Priority.MEDIUM,
    gravity=180,
    owner=_OWNER,
    risk=Level.LOW,
    description="Find out why {target_id} traffic is not split as declared.",
    rationale="The split check fails: {allocation_note}. Those missing may differ from those who "
    "stayed, so its lift cannot be trusted.",
    current_value="split not as declared",
    recommended_value="split as declared",
    steps=(
        "Compare assignments with impressions by day, device and channel.",
        "Look for redirects, filters or caps that affect one arm only.",
        "Fix the cause and restart as a new experiment.",
    ),
    what_could_go_wrong="If only the counting is at fault, a sound experiment is restarted.",
    impact=Impact("The split is not as declared, so no effect can be trusted."),
    stake="base_cost",
)
_CARRY_OVER = Rule(
    id="carry_over_variant",
    view="experiment",
    category=Category.EXPERIMENT,
    action=Action.SCALE,
    when=(
        _recommended("scale_variant"),
        When(
            "campaign_status",
            Compare.ONE_OF,
            words=(CampaignStatus.PAUSED, CampaignStatus.COMPLETED),
        ),
    ),
    priority=Priority.LOW,
    gravity=110,
    owner=_OWNER,
    risk=Level.LOW,
    description="Start the next flight of {campaign_name} with {variant_name} ({variant_asset})."
    "{others}",
    rationale=_EFFECT + ". All gates passed; the campaign is {campaign_status}.{claim}",
    current_value="{control_name}: {control_value:figure} {label}",
    recommended_value="{variant_name}: {variant_value:figure} {label}",
    steps=(
        "Record {variant_asset} as the default for this audience.",
        "Brief the next flight with it, and use {control_asset} as its control.",
    ),
    what_could_go_wrong="Season and audience may differ by then; retest at the start.",
    impact=Impact("The campaign is not delivering, so there is no volume to apply the lift to."),
    behind=_GATES,
    facts=("lift_low", "lift", "lift_high"),
)
RULES: tuple[Rule, ...] = (
    *(
        _scale(kind, 230 - place)
        for place, kind in enumerate(kinds("the lift", "the control's money"))
    ),
    *(
        _stop(kind, 630 - place)
        for place, kind in enumerate(kinds("the way back to the control", "the variant's money"))
    ),
    _STOP_FUTILE,
    _FIX,
    _SPLIT,
    _EXTEND,
    _CARRY_OVER,
)
