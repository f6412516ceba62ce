"""The figures of a page: each with an id, its place in the run, and its definition.

An id reads `<block>.<column>.<row key>`, as in `campaigns.total_spend.CAMP_001`; on the page of one
campaign the campaign stands before it, as in `CAMP_001/kpi-cards.cost`. What a definition says of a
figure is written here once, for the appendix of a report and for `mktorch explain`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mktorch import catalog
from mktorch.catalog import definition
from mktorch.formats import Format
from mktorch.runs import Run
from mktorch.tables import Definition

_NAMED = 6  # rows that an entry names by their keys

Defined = tuple[tuple[str, str, Definition], ...]
"""Table (empty where the block makes the figure), column and definition."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One figure of a block.

    `defined` says where it comes from: one table and column, for a chart those it draws. `row`
    tells its row of that table from the others; `value` is the figure itself where no table of
    the run holds it.
    """

    id: str
    block: str
    column: str
    label: str
    text: str
    defined: Defined
    row: Mapping[str, Any] = field(default_factory=dict)
    cells: Mapping[str, Any] = field(default_factory=dict)
    value: Any = None
    format: Format | None = None

    @property
    def anchor(self) -> str:
        """The figure's id as an HTML anchor."""
        return f"f-{self.id}"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """The figures of a block that share a definition: one entry of the appendix."""

    anchor: str
    block: str
    label: str
    figures: tuple[Figure, ...]

    @property
    def defined(self) -> Defined:
        return self.figures[0].defined


def address(*parts: object, campaign: str = "") -> str:
    """An id of parts: readable, without a blank, and never that of other parts.

    Letters, digits, `_` and `-` of any script stand as they are, all else as `~` and its code. A
    figure on the page of one campaign begins with it.

    >>> address("campaigns", "roi", "Q1/2 'x'")
    'campaigns.roi.Q1~2F2~20~27x~27'
    >>> address("kpi-cards", "cost", campaign="CAMP_001")
    'CAMP_001/kpi-cards.cost'
    """
    page = f"{address(campaign)}/" if campaign else ""
    return page + ".".join(
        re.sub(r"[^\w-]", lambda char: f"~{ord(char[0]):X}", str(part)) for part in parts
    )


def within(name: str) -> tuple[str, str]:
    """An id as the address of its page's campaign, empty on other pages, and the rest.

    >>> within("CAMP_001/kpi-cards.cost"), within("kpi-cards.cost")
    (('CAMP_001', 'kpi-cards.cost'), ('', 'kpi-cards.cost'))
    """
    page, _, rest = name.rpartition("/")
    return page, rest


def addresses(
    block: str, column: str, keys: Iterable[Sequence[Any]], campaign: str = ""
) -> list[str]:
    """The ids of a column's figures, row by row; a row without any key is `all`.

    >>> addresses("fully-loaded", "net", [("C1",), (None,), ("C1",)])
    ['fully-loaded.net.C1', 'fully-loaded.net.all', 'fully-loaded.net.C1.2']
    """
    seen: dict[str, int] = {}
    made = []
    for key in keys:
        parts = [part for part in key if part not in (None, "")] or ["all"]
        name = address(block, column, *parts, campaign=campaign)
        seen[name] = seen.get(name, 0) + 1
        made.append(name if seen[name] == 1 else f"{name}.{seen[name]}")
    return made


def find(block: str, origin: str, column: str, key: Any = "") -> Defined:
    """Where a figure comes from: what the block itself defines before what its table does.

    `origin` is the table and column that the figure stands for. Empty where neither is defined.
    """
    table, _, name = origin.rpartition(".")
    own = definition(block, column, str(key)) if block != table else None
    if own:
        return (("", column, own),)
    given = definition(table, name, str(key))
    known = catalog.key(table) is not None
    return ((table if known else "", name, given),) if given else ()


def entries(figures: Iterable[Figure]) -> list[Entry]:
    """The appendix's entries: one per column of a block, or per definition where it holds several.

    Figures without a definition have none.
    """
    columns: dict[tuple[str, str], dict[tuple[Any, ...], list[Figure]]] = {}
    for figure in figures:
        if figure.defined:
            alike = tuple((table, column, id(each)) for table, column, each in figure.defined)
            held = columns.setdefault((figure.block, figure.column), {})
            held.setdefault(alike, []).append(figure)
    return [
        Entry(
            anchor="s-" + (_shared(block, column) if len(held) == 1 else within(group[0].id)[1]),
            block=block,
            label=group[0].label + (f", {_named(group[0])}" if len(held) > 1 else ""),
            figures=tuple(group),
        )
        for (block, column), held in columns.items()
        for group in held.values()
    ]


def _named(figure: Figure) -> str:
    """What tells the figure's row from the others, as its id has it."""
    own = within(figure.id)[1].removeprefix(f"{address(figure.block, figure.column)}.")
    return own.replace("_", " ")


def _shared(block: str, column: str) -> str:
    return f"{block}.{column}".rstrip(".")


@dataclass(frozen=True)
class Setting:
    """A setting in force: its value, and where it was set."""

    name: str
    value: str
    origin: str

    def __str__(self) -> str:
        return f"{self.name} = {self.value} ({self.origin})"


def settings(run: Run, definition: Definition) -> tuple[Setting, ...]:
    """The settings that a definition names, as the run's manifest holds them."""
    return tuple(_setting(run, name) for name in definition.config)


def _setting(run: Run, name: str) -> Setting:
    value: Any = run.manifest.config
    for part in name.split("."):
        value = value[part]
    return Setting(name, _words(value), run.manifest.config_sources[name.partition(".")[0]])


def _words(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return "not set"
    if isinstance(value, dict):
        return ", ".join(f"{key} {_words(each)}" for key, each in value.items()) or "none"
    return json.dumps(value, ensure_ascii=False)


def unit(run: Run, definition: Definition) -> str:
    """The definition's unit; money in the run's currency."""
    return run.config.currency if definition.unit == "currency" else definition.unit


def sources(definition: Definition) -> str:
    """The tables and columns that a figure is made of, in words."""
    named = "; ".join(
        f"{up.table}.{', '.join(up.columns)}"
        + "".join(f" where {name} is {value or 'missing'}" for name, value in up.where.items())
        + f" of the {up.span} window" * bool(up.span)
        for up in definition.upstream
    )
    return "; ".join(filter(None, (named, "the evidence its row names" * definition.evidence)))


def place(table: str, column: str, row: Mapping[str, Any]) -> str:
    """A figure's table, column and row in words."""
    where = ", ".join(f"{name} = {value}" for name, value in row.items())
    return f"{table}.{column}" + (f" where {where}" if where else "")


def rows(entry: Entry) -> str:
    """The rows of an entry in words: by which columns, and the first of their keys."""
    keyed = [figure.row for figure in entry.figures if figure.row]
    if not keyed:
        alone = len(entry.figures) == 1 and entry.figures[0].column
        return "its only row" if alone and not catalog.key(entry.defined[0][0]) else ""
    names = [", ".join(str(part) for part in row.values() if part is not None) for row in keyed]
    named = list(dict.fromkeys(name or "all" for name in names))
    more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    return f"rows by {', '.join(keyed[0])}: {'; '.join(named[:_NAMED])}{more}"
