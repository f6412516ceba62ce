"""What a page shows of a run: tables, charts and text blocks made from results.

```python
run = mktorch.load_run("runs/20260412-0123456789")
mktorch.display.campaigns(run)          # in a notebook: HTML; in a report: HTML or Typst
mktorch.display.campaigns(run).as_gt()  # the Great Tables object
mktorch.display.roi_waterfall(run).drawing  # the Altair chart
```
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mktorch.display.block import Block, DisplayError, Stack
    from mktorch.display.sections.attribution import attribution
    from mktorch.display.sections.budget import (
        budget_governance,
        budget_pacing,
        channel_flow,
    )
    from mktorch.display.sections.campaigns import campaigns, portfolio, spend_and_value
    from mktorch.display.sections.cover import (
        changes_since,
        cover_cards,
        cover_verdict,
        pack_contents,
        period,
    )
    from mktorch.display.sections.creatives import assets
    from mktorch.display.sections.decisions import decision_calibration, decision_outcomes
    from mktorch.display.sections.definitions import kpi_definitions, metric_definitions, thresholds
    from mktorch.display.sections.experiment_forest import forest
    from mktorch.display.sections.experiment_readouts import experiment_readouts, experiment_verdict
    from mktorch.display.sections.experiment_terms import experiment_terms, experiment_timing
    from mktorch.display.sections.experiments import experiment_setup, experiments
    from mktorch.display.sections.heat import segment_heat
    from mktorch.display.sections.journey import funnel, journey_leaks
    from mktorch.display.sections.kpi_bullets import kpi_bullets
    from mktorch.display.sections.kpis import kpi_scorecard
    from mktorch.display.sections.model_use import model_usage
    from mktorch.display.sections.momentum import kpi_cards
    from mktorch.display.sections.page_one import (
        data_basis,
        decisions_asked,
        masthead,
        summary,
        verdict,
    )
    from mktorch.display.sections.profile import campaign_profile
    from mktorch.display.sections.progress import pacing, trend
    from mktorch.display.sections.provenance import inputs, provenance, steps
    from mktorch.display.sections.quality import (
        failure_summary,
        failures,
        reconciliation_summary,
        reconciliations,
    )
    from mktorch.display.sections.recommendation_register import (
        held_back,
        recommendation_register,
        rules_in_force,
    )
    from mktorch.display.sections.recommendations import next_steps, recommendations
    from mktorch.display.sections.registers import approvers, budget_ledger, risk_register
    from mktorch.display.sections.returns import fully_loaded, value_per_unit
    from mktorch.display.sections.risk import policy_violations, risk_inbox
    from mktorch.display.sections.risk_timeline import risk_timeline
    from mktorch.display.sections.roi import roi_by_campaign, roi_totals, roi_waterfall
    from mktorch.display.sections.segments import segments
    from mktorch.display.tables import Column, Table

__all__ = [
    "Block",
    "Column",
    "DisplayError",
    "Stack",
    "Table",
    "approvers",
    "assets",
    "attribution",
    "budget_governance",
    "budget_ledger",
    "budget_pacing",
    "campaign_profile",
    "campaigns",
    "changes_since",
    "channel_flow",
    "cover_cards",
    "cover_verdict",
    "data_basis",
    "decision_calibration",
    "decision_outcomes",
    "decisions_asked",
    "experiment_readouts",
    "experiment_setup",
    "experiment_terms",
    "experiment_timing",
    "experiment_verdict",
    "experiments",
    "failure_summary",
    "failures",
    "forest",
    "fully_loaded",
    "funnel",
    "held_back",
    "inputs",
    "journey_leaks",
    "kpi_bullets",
    "kpi_cards",
    "kpi_definitions",
    "kpi_scorecard",
    "masthead",
    "metric_definitions",
    "model_usage",
    "next_steps",
    "pacing",
    "pack_contents",
    "period",
    "policy_violations",
    "portfolio",
    "provenance",
    "recommendation_register",
    "recommendations",
    "reconciliation_summary",
    "reconciliations",
    "risk_inbox",
    "risk_register",
    "risk_timeline",
    "roi_by_campaign",
    "roi_totals",
    "roi_waterfall",
    "rules_in_force",
    "segment_heat",
    "segments",
    "spend_and_value",
    "steps",
    "summary",
    "thresholds",
    "trend",
    "value_per_unit",
    "verdict",
]

# Module -> the public names it holds, imported on first use.
_MODULES = {
    "block": ("Block", "DisplayError", "Stack"),
    "sections.attribution": ("attribution",),
    "sections.budget": (
        "budget_governance",
        "budget_pacing",
        "channel_flow",
    ),
    "sections.decisions": (
        "decision_calibration",
        "decision_outcomes",
    ),
    "sections.experiment_forest": ("forest",),
    "sections.experiments": (
        "experiment_setup",
        "experiments",
    ),
    "sections.journey": (
        "funnel",
        "journey_leaks",
    ),
    "sections.kpi_bullets": ("kpi_bullets",),
    "sections.kpis": ("kpi_scorecard",),
    "sections.returns": (
        "fully_loaded",
        "value_per_unit",
    ),
    "sections.risk": (
        "policy_violations",
        "risk_inbox",
    ),
    "sections.segments": ("segments",),
    "sections.campaigns": ("campaigns", "portfolio", "spend_and_value"),
    "sections.provenance": ("inputs", "provenance", "steps"),
    "sections.quality": (
        "failure_summary",
        "failures",
        "reconciliation_summary",
        "reconciliations",
    ),
    "sections.roi": ("roi_by_campaign", "roi_totals", "roi_waterfall"),
    "sections.experiment_readouts": (
        "experiment_readouts",
        "experiment_verdict",
    ),
    "sections.experiment_terms": (
        "experiment_terms",
        "experiment_timing",
    ),
    "sections.momentum": ("kpi_cards",),
    "sections.progress": ("pacing", "trend"),
    "sections.recommendations": ("next_steps", "recommendations"),
    "sections.page_one": ("data_basis", "decisions_asked", "masthead", "summary", "verdict"),
    "sections.creatives": ("assets",),
    "sections.heat": ("segment_heat",),
    "sections.profile": ("campaign_profile",),
    "sections.registers": (
        "approvers",
        "budget_ledger",
        "risk_register",
    ),
    "sections.risk_timeline": ("risk_timeline",),
    "sections.recommendation_register": (
        "held_back",
        "recommendation_register",
        "rules_in_force",
    ),
    "sections.definitions": (
        "kpi_definitions",
        "metric_definitions",
        "thresholds",
    ),
    "sections.model_use": ("model_usage",),
    "sections.cover": (
        "changes_since",
        "cover_cards",
        "cover_verdict",
        "pack_contents",
        "period",
    ),
    "tables": ("Column", "Table"),
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names}
SECTIONS = tuple(sorted(name for name, home in _HOMES.items() if home.startswith("sections.")))


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'mktorch.display' has no attribute {name!r}")
    return getattr(import_module(f"mktorch.display.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
