"""What the figures come to in words: verdict and next steps first, the texts last.

Both read whatever the run has made: a report of a run in which a step failed says what is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from mktorch import __version__
from mktorch.narrative import report
from mktorch.narrative.decisions_asked import decisions_asked
from mktorch.narrative.momentum import momentum
from mktorch.narrative.next_steps import next_steps
from mktorch.narrative.page import About
from mktorch.narrative.prose import locale_of
from mktorch.narrative.summary import RULES_STAND, executive_summary, rule_based_summary
from mktorch.narrative.verdict import COUNTED, verdict, verdict_signals
from mktorch.rollups import windows
from mktorch.runs import FAILURES
from mktorch.steps.work import Step, Work
from mktorch.vocab import Source, Window


def _momentum(work: Work) -> Mapping[str, Any]:
    return {"momentum": momentum(work["rollup_campaign"])}


def _verdict(work: Work) -> Mapping[str, Any]:
    tables, rules, locale = _tables(work), work.config.narrative_rules, locale_of(work.config)
    signals = verdict_signals(tables, rules)
    judged = verdict(tables, signals, rules, locale)
    return {
        "verdict_signals": signals,
        "verdict": judged,
        "decisions_asked": decisions_asked(tables, work.config, work.day),
        "rule_based_summary": rule_based_summary({"verdict": judged}, _about(work)),
    }


def _next_steps(work: Work) -> Mapping[str, Any]:
    most = work.config.recommendation_rules.max_next_steps
    return {"next_steps": next_steps(work["recommendations"], most)}


def _texts(work: Work) -> Mapping[str, Any]:
    tables, about = _tables(work), _about(work)
    told, note = work["rule_based_summary"], RULES_STAND
    if "measured_summary" in tables:
        told, note = tables["measured_summary"].select("text", "note").row(0)
    return {
        "executive_summary": executive_summary(tables, about, told, note),
        "campaign_report": report.campaign_report(tables, about, note),
    }


def _tables(work: Work) -> Mapping[str, pl.DataFrame]:
    return {name: a for name, a in work.artifacts.items() if isinstance(a, pl.DataFrame)}


def _about(work: Work) -> About:
    spans = windows(work.day, work.config.window_days)
    files = [
        {"source": f.source, "path": f.path, "records": f.rows, "sha256": f.sha256}
        for raw in work["raw"].values()
        for f in raw.files
    ]
    return About(
        as_of=work["as_of"],
        version=__version__,
        config=work.config,
        current_window=spans[Window.CURRENT],
        prior_window=spans[Window.PRIOR],
        inputs=pl.DataFrame(files),
        campaign_id=work.campaign_id,
    )


VERDICT: tuple[Step, ...] = (
    Step(
        "momentum",
        "Set the current window against the prior one",
        ("rollup_campaign",),
        ("momentum",),
        _momentum,
    ),
    Step(
        "next_steps",
        "Name the gravest recommendations as next steps",
        ("recommendations",),
        ("next_steps",),
        _next_steps,
    ),
    Step(
        "verdict",
        "Give the verdict, its reasons and the decisions it asks for",
        ("as_of", "raw"),
        ("verdict_signals", "verdict", "decisions_asked", "rule_based_summary"),
        _verdict,
        uses=(
            *COUNTED,
            "momentum",
            "segment_momentum",
            "recommendation_candidates",
            "budget_pacing",
            Source.CHANNELS,
        ),
    ),
)
TEXTS: tuple[Step, ...] = (
    Step(
        "texts",
        "Write the executive summary and the campaign report",
        (
            "verdict",
            "verdict_signals",
            "decisions_asked",
            "rule_based_summary",
            "as_of",
            "raw",
            FAILURES,
        ),
        ("executive_summary", "campaign_report"),
        _texts,
        uses=("measured_summary", *sorted(report.READS)),
    ),
)
