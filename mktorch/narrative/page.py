"""A page of Markdown in the making: sentences, lists and tables in a run's locale."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from mktorch.clock import Clock
from mktorch.config import MarketingOrchestratorConfig
from mktorch.formats import Locale
from mktorch.narrative import markdown
from mktorch.narrative.markdown import Column
from mktorch.narrative.prose import Prose, locale_of
from mktorch.recommend.names import called, channel_names, creative_names
from mktorch.recommend.words import written
from mktorch.sources.load import RawSource
from mktorch.version import __version__
from mktorch.vocab import Source

Tables = Mapping[str, pl.DataFrame]
Row = Mapping[str, Any]
_NO_CAMPAIGNS = pl.DataFrame(schema=dict.fromkeys(("campaign_id", "name"), pl.String()))


@dataclass(frozen=True)
class About:
    """What a report is about: the moment, the scope, the settings, the records it was made from.

    `inputs` has one row per file: `source`, `path`, `records`, `sha256`.
    """

    clock: Clock
    version: str
    config: MarketingOrchestratorConfig
    inputs: pl.DataFrame
    campaign_id: str | None = None


def about(
    clock: Clock,
    config: MarketingOrchestratorConfig,
    raw: Mapping[Source, RawSource],
    campaign_id: str | None,
) -> About:
    """What the reports of a run are about."""
    files = [
        {"source": f.source, "path": f.path, "records": f.rows, "sha256": f.sha256}
        for source in raw.values()
        for f in source.files
    ]
    return About(clock, __version__, config, pl.DataFrame(files), campaign_id)


def with_campaigns(frame: pl.DataFrame, tables: Tables) -> pl.DataFrame:
    """The frame with `campaign`: the name of its `campaign_id`, the id where none is known.

    Reads `campaign_analysis` where it was made; a frame without campaigns stays as it is.
    """
    if "campaign_id" not in frame.columns:
        return frame
    known = tables.get("campaign_analysis", _NO_CAMPAIGNS)
    names = known.select("campaign_id", campaign="name")
    return frame.join(names, on="campaign_id", how="left", maintain_order="left").with_columns(
        pl.col("campaign").fill_null(pl.col("campaign_id"))
    )


def channels(tables: Tables) -> dict[str, str]:
    """What each channel is called, by id; none where the channels were not read."""
    known = tables.get("channels")
    return {} if known is None else called(channel_names(known), "channel_id", "channel_name")


def creatives(tables: Tables) -> dict[str, str]:
    """What each creative is called, by id; none where the creatives were not read."""
    known = tables.get("creative_assets")
    return {} if known is None else called(creative_names(known), "asset_id", "asset_name")


def stated(row: Row, locale: Locale, how: str) -> str:
    """A row's `amount` in the currency it is stated in."""
    return written(row["amount"], how, Locale(row["currency"], locale.name))


class Page(Prose):
    """Writes the blocks of a report; what it is given from the data does not act as Markdown."""

    def __init__(self, locale: Locale) -> None:
        super().__init__(locale, markdown.inert)
        self.plain = Prose(locale)  # the same formats, for text that a line is filled with

    @classmethod
    def of(cls, config: MarketingOrchestratorConfig) -> Page:
        return cls(locale_of(config))

    def line(self, template: str, row: Row) -> str:
        """A filled template, of any length."""
        return self.vformat(template, (), row)

    def paragraph(self, template: str, row: Row) -> str:
        return markdown.wrapped(self.line(template, row))

    def bullets(self, template: str, rows: Iterable[Row], *, numbered: bool = False) -> str:
        """A list of one filled template a row."""
        return markdown.bullets((self.line(template, row) for row in rows), numbered=numbered)

    def table(self, frame: pl.DataFrame, *columns: Column) -> str:
        return markdown.table(frame, columns, self.locale)

    def listed(self, texts: Sequence[str]) -> str:
        """Texts of the run as a list."""
        return self.bullets("{text}", ({"text": text} for text in texts))
