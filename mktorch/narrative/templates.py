"""Sentences from templates, every value written as the locale writes it."""

from __future__ import annotations

from collections.abc import Callable
from string import Formatter
from typing import Any

from mktorch.config import MarketingOrchestratorConfig
from mktorch.formats import Locale, clean
from mktorch.recommend.words import written


class Prose(Formatter):
    """Fills `{name:format}` as `recommend.words` has it; text from the data is made one line.

    >>> Prose(Locale()).format("{name} returned {roas:ratio} on {spend:currency}",
    ...                name="Spring", roas=1.5, spend=1200.0)
    'Spring returned 1.50\u00d7 on $1,200'
    """

    def __init__(self, locale: Locale, guard: Callable[[str], str] = clean) -> None:
        self.locale, self.guard = locale, guard

    def format_field(self, value: Any, format_spec: str) -> str:
        return self.guard(written(value, format_spec, self.locale))


def locale_of(config: MarketingOrchestratorConfig) -> Locale:
    """The currency and the customs a run's texts are written in."""
    return Locale(config.currency, config.locale, config.reporting_timezone)
