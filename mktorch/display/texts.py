"""The texts of a run: the documents' blocks as Markdown, for a terminal, a mail or a model.

The summary is the first page of the executive report; the campaign report is that report, the
deep dives of the campaigns with most at stake, and what the governance appendix says of the data.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from mktorch.config import MarketingOrchestratorConfig
from mktorch.display.block import Block, Stack
from mktorch.display.documents import Placed, at_stake, placed
from mktorch.display.files import PER_CAMPAIGN
from mktorch.display.nodes import Node
from mktorch.display.show import Show
from mktorch.display.tables import Table
from mktorch.display.writers.markdown import write
from mktorch.ingest import input_records
from mktorch.manifest import Manifest, StepRecord, TableRecord, run_id
from mktorch.narrative.llm_calls import usage
from mktorch.narrative.markdown import document, heading, inert
from mktorch.runs import Run
from mktorch.sources.raw import RawSource
from mktorch.version import __version__
from mktorch.vocab import Source

EXECUTIVE = "executive"
DIVES, ROWS = 5, 20  # campaigns told one by one, rows of a table; the exports hold the rest
# What the report takes of the governance appendix.
_GOVERNANCE = frozenset(
    ("verdict_grounds", "failure_summary", "reconciliation_summary", "provenance", "inputs")
)
_ONCE = frozenset(("masthead", "set_aside_notice"))  # blocks that a deep dive need not repeat


def draft(
    tables: Mapping[str, pl.DataFrame],
    config: MarketingOrchestratorConfig,
    campaign_id: str | None,
    as_of: datetime,
    raw: Mapping[Source, RawSource],
    failures: pl.DataFrame,
    steps: list[StepRecord],
    notes: list[str],
    measured_model_usage: pl.DataFrame | None = None,
) -> Run:
    """A run that is not on disk yet: what its texts are made of."""
    inputs = input_records(raw, failures)
    manifest = Manifest(
        run_id=run_id(inputs, config.fingerprint(), as_of, __version__, campaign_id),
        version=__version__,
        as_of=as_of,
        campaign_id=campaign_id,
        inputs=inputs,
        config=config.model_dump(mode="json"),
        config_sources={},
        steps=steps,
        tables={name: TableRecord(rows=f.height, sha256="") for name, f in tables.items()},
        errors=[f"{step.name}: {step.error}" for step in steps if step.error],
        notes=notes,
        model_usage=usage(measured_model_usage),
    )
    return Run(Path(config.runs_dir) / manifest.run_id, manifest, tables)


def executive_summary(draft: Run) -> str:
    """The first page of the executive report, without its notes."""
    show = Show(draft)
    first = (each.call for each in placed() if each.call.document == EXECUTIVE and each.first)
    told = (write(_brief(getattr(show, call.block)(**call.options))) for call in first)
    return document((heading(1, "Executive summary"), *told))


def campaign_report(draft: Run) -> str:
    """The executive report, the deep dives with most at stake, and what the data are worth."""
    known = list(placed())
    executive, dive = (
        [each for each in known if each.call.document == name] for name in (EXECUTIVE, PER_CAMPAIGN)
    )
    return document(
        (
            heading(1, "Campaign report"),
            *_sections(draft, executive, 2),
            *_dives(draft, dive),
            *_sections(draft, (each for each in known if each.call.block in _GOVERNANCE), 2),
        )
    )


def _dives(run: Run, shown: list[Placed]) -> Iterator[str]:
    names = dict(run.tables["campaigns"].select("campaign_id", "name").rows())
    told = [each for each in shown if each.call.block not in _ONCE]
    for key in at_stake(run, DIVES):
        yield heading(2, inert(f"{names[key]} ({key})"))
        yield from _sections(run, told, 3, key)


def _sections(run: Run, shown: Iterable[Placed], level: int, campaign: str = "") -> Iterator[str]:
    """The blocks in their order, each heading before the first block that stands under it."""
    last, show = "", Show(run, campaign)
    for call, title, _ in shown:
        if title != last:
            yield heading(level, inert(title))
        last = title
        yield bounded(getattr(show, call.block)(**call.options)).markdown()


def bounded(block: Block) -> Block:
    """The block with the first rows of its tables alone; a note says where the rest is."""
    if isinstance(block, Stack):
        return Stack(*map(bounded, block.blocks))
    if isinstance(block, Table):
        return replace(block, most=min(block.most or ROWS, ROWS))
    return block


def _brief(part: Any) -> Any:
    """A block's nodes without the notes below them."""
    if isinstance(part, Block) and type(part).tree is not Block.tree:
        part = part.tree()
    if not isinstance(part, Node) or isinstance(part.of, str):
        return part
    kept = (p for p in part.of if not (isinstance(p, Node) and p.role == "notes"))
    return replace(part, of=tuple(map(_brief, kept)))
