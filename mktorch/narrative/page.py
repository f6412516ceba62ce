"""A page of Markdown in the making: sentences, lists and tables in a run's locale."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl

from mktorch.config import MarketingOrchestratorConfig
from mktorch.formats import Locale
from mktorch.narrative import markdown
from mktorch.narrative.markdown import Column
from mktorch.narrative.prose import Prose, locale_of

Tables = Mapping[str, pl.DataFrame]
Row = Mapping[str, Any]


@dataclass(frozen=True)
class About:
    """What a report is about: the moment, the scope, the settings, the records it was made from.

    `inputs` has one row per file: `source`, `path`, `records`, `sha256`.
    """

    as_of: datetime
    version: str
    config: MarketingOrchestratorConfig
    current_window: tuple[date, date]
    prior_window: tuple[date, date]
    inputs: pl.DataFrame
    campaign_id: str | None = None


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
