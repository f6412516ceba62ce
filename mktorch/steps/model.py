"""The language model's part: summary and insights in its words or the rules', and what it cost."""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic
from typing import Any

from mktorch.analysis.model_cost import fully_loaded_with_model_cost, roi_with_model_cost
from mktorch.narrative.model import calls_frame, usage
from mktorch.narrative.worded import insights, summary
from mktorch.steps.work import Step, Work

_NEEDED = ("verdict", "decisions_asked")
_READ = (
    "next_steps",
    "recommendations",
    "roi_analysis",
    "performance_assessment",
    "campaign_analysis",
)


def _word(work: Work) -> Mapping[str, Any]:
    tables = {name: work[name] for name in (*_NEEDED, *_READ) if name in work.artifacts}
    end = monotonic() + work.config.model_rules.timeout_seconds
    told, wording = summary(tables, work["rule_based_summary"], work.config, end)
    notes, wordings = insights(tables, work.config, end)
    work.notes.append(f"summary: {told['note'].item()}")
    return {
        "measured_summary": told,
        "measured_insights": notes,
        "measured_model_usage": calls_frame((wording, *wordings)),
    }


def _cost(work: Work) -> Mapping[str, Any]:
    spent = usage(work["measured_model_usage"])["cost"]
    return {
        "measured_roi_analysis": roi_with_model_cost(work["roi_analysis"], spent),
        "measured_roi_fully_loaded": fully_loaded_with_model_cost(work["roi_fully_loaded"], spent),
    }


STEPS: tuple[Step, ...] = (
    Step(
        "model",
        "Word the summary, by a model where one may, else by rules",
        (*_NEEDED, "rule_based_summary"),
        ("measured_summary", "measured_insights", "measured_model_usage"),
        _word,
        uses=_READ,
    ),
    Step(
        "model cost",
        "Charge the model's calls to the return",
        ("measured_model_usage", "roi_analysis", "roi_fully_loaded"),
        ("measured_roi_analysis", "measured_roi_fully_loaded"),
        _cost,
    ),
)
