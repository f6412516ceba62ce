"""Tables of a run, declared once: their columns, what each says, and the rows it is made of.

A class beside the function that makes a table is its declaration; `CampaignMoney.of(frame)` at the
function's end puts the columns in order and checks their types. Keys, definitions, labels, units
and the data dictionary are read from it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache
from types import MappingProxyType, new_class
from typing import Any, ClassVar, NotRequired, TypedDict, Unpack, cast

import dataframely as dy
import polars as pl

__all__ = [
    "CAMPAIGN",
    "Definition",
    "Table",
    "Upstream",
    "by_campaign",
    "carried",
    "count",
    "day",
    "declare",
    "flag",
    "fraction",
    "key",
    "moment",
    "money",
    "multiple",
    "nested",
    "number",
    "read",
    "reason",
    "same",
    "struct",
    "text",
    "texts",
    "word",
]

CAMPAIGN = ("campaign_id",)
_NONE: Mapping[str, Any] = MappingProxyType({})
_TOLD = "told"


@dataclass(frozen=True)
class Upstream:
    """Rows of another table that a figure is made of.

    `columns` of `table` enter the figure, in the rows that agree with the figure's own row: in
    each column of `on` (own name -> that table's), and in `where` (that table's column -> the one
    value, None for rows without one). `within` names a column of days or moments that must lie in
    the run's window `span` or, without one, on the days `first_day` to `last_day` of the row.
    """

    table: str
    columns: tuple[str, ...]
    on: Mapping[str, str] = field(default_factory=lambda: _NONE)
    where: Mapping[str, str | None] = field(default_factory=lambda: _NONE)
    within: str = ""
    span: str = ""


def read(
    table: str,
    *columns: str,
    on: Sequence[str] | Mapping[str, str] = (),
    within: str = "",
    span: str = "",
    **where: str | None,
) -> Upstream:
    """An upstream in one line; `on` as a sequence where both tables name the columns alike.

    >>> read("campaign_money", "total_spend", on=("campaign_id",)).on
    {'campaign_id': 'campaign_id'}
    """
    pairs = dict(on) if isinstance(on, Mapping) else {name: name for name in on}
    return Upstream(table, columns, pairs, where, within, span)


def by_campaign(table: str, *columns: str, **where: str | None) -> Upstream:
    """The campaign's own rows of a table."""
    return Upstream(table, columns, {name: name for name in CAMPAIGN}, where)


@dataclass(frozen=True)
class Definition:
    """How a figure is made: in words, in which unit, from which rows, under which settings.

    `config` names fields, nested ones with a dot. `over` names the columns of the figure's own
    table whose quotient it is; `reason` the column that says why it is null. `evidence` says that
    the figure's row names what it rests on itself, in its column of that name.
    """

    words: str
    unit: str = ""
    upstream: tuple[Upstream, ...] = ()
    config: tuple[str, ...] = ()
    over: tuple[str, str] | None = None
    reason: str = ""
    evidence: bool = False
    formula: str = ""


class Options(TypedDict):
    """What a column may say beyond words and upstream.

    `label` is what a page calls it, by default its name. `null` makes the column nullable: it names
    the column of the table that says why a value is missing, or else says it in words. `key` marks
    what tells rows apart. `rows` holds definitions that hold for the row of one key alone. `adds`
    is false where a sum over rows says nothing, `evidence` true where the row names what the value
    rests on. `formula` is the arithmetic of its parts, `over` that of a quotient.
    """

    label: NotRequired[str]
    config: NotRequired[tuple[str, ...]]
    over: NotRequired[tuple[str, str]]
    null: NotRequired[str]
    key: NotRequired[bool]
    rows: NotRequired[Mapping[str, Definition]]
    adds: NotRequired[bool]
    evidence: NotRequired[bool]
    formula: NotRequired[str]


@dataclass(frozen=True, kw_only=True)
class Told:
    label: str
    definition: Definition
    null: str
    key: bool
    adds: bool
    rows: Mapping[str, Definition]


def _column(words: str, made: tuple[Upstream, ...], unit: str, options: Options) -> dict[str, Any]:
    """Arguments of a dataframely column that says all this."""
    null = options.get("null", "")
    told = Told(
        label=options.get("label", ""),
        definition=Definition(
            words=words,
            unit=unit,
            upstream=made,
            config=options.get("config", ()),
            over=options.get("over"),
            reason=null,
            evidence=options.get("evidence", False),
            formula=options.get("formula", ""),
        ),
        null=null,
        key=options.get("key", False),
        adds=options.get("adds", unit in {"currency", "count"}),
        rows=options.get("rows", _NONE),
    )
    return {"nullable": bool(null), "description": words or None, "metadata": {_TOLD: told}}


def key(words: str = "", *made: Upstream, **options: Unpack[Options]) -> dy.String:
    """An id or a word that tells the table's rows apart, alone or with the other keys."""
    options["key"] = True
    return text(words, *made, **options)


def text(words: str = "", *made: Upstream, **options: Unpack[Options]) -> dy.String:
    """A name, an id, a word or a sentence."""
    return dy.String(**_column(words, made, "", options))


def reason(of: str = "the figure") -> dy.String:
    """Why another column of the row is null."""
    return text(f"Why {of} is missing", null=f"{of} is there")


def word(
    of: type[StrEnum] | Sequence[str],
    words: str = "",
    *made: Upstream,
    **options: Unpack[Options],
) -> dy.String:
    """A word of a closed vocabulary."""
    told = _column(words, made, "", options)
    told["metadata"]["words"] = tuple(str(each) for each in of)
    return dy.String(**told)


def texts(words: str = "", *made: Upstream, **options: Unpack[Options]) -> dy.List:
    """A list of texts."""
    return nested(dy.String(nullable=True), words, *made, **options)


def nested(
    inner: dy.Column, words: str = "", *made: Upstream, **options: Unpack[Options]
) -> dy.List:
    """A list of other values, such as `dy.Float64()` or a `dy.Struct`."""
    return dy.List(inner, **_column(words, made, "", options))


def struct(
    fields: Mapping[str, dy.Column], words: str = "", *made: Upstream, **options: Unpack[Options]
) -> dy.Struct:
    """Several values under one name."""
    return dy.Struct(dict(fields), **_column(words, made, "", options))


def flag(words: str = "", *made: Upstream, **options: Unpack[Options]) -> dy.Bool:
    """True or false."""
    return dy.Bool(**_column(words, made, "", options))


def day(words: str = "", *made: Upstream, **options: Unpack[Options]) -> dy.Date:
    """A calendar day."""
    return dy.Date(**_column(words, made, "", options))


def moment(words: str = "", *made: Upstream, **options: Unpack[Options]) -> dy.Datetime:
    """A point in time, in UTC."""
    return dy.Datetime(**_column(words, made, "", options))


def count(
    words: str = "", *made: Upstream, unit: str = "count", **options: Unpack[Options]
) -> dy.Int64:
    """A whole number: of things or, with its `unit`, of days."""
    return dy.Int64(**_column(words, made, unit, options))


def number(unit: str, words: str = "", *made: Upstream, **options: Unpack[Options]) -> dy.Float64:
    """A number in a unit of its own: "days", "hours", "percentage", "p", "that of the metric"."""
    return dy.Float64(**_column(words, made, unit, options))


def money(words: str = "", *made: Upstream, **options: Unpack[Options]) -> dy.Float64:
    """An amount in the reporting currency."""
    return number("currency", words, *made, **options)


def fraction(words: str = "", *made: Upstream, **options: Unpack[Options]) -> dy.Float64:
    """A share or a rate: 0.2 is 20 %."""
    return number("fraction", words, *made, **options)


def multiple(words: str = "", *made: Upstream, **options: Unpack[Options]) -> dy.Float64:
    """A ratio: 1.82 is 1.82 times."""
    return number("ratio", words, *made, **options)


def same(
    of: type[Table],
    column: str,
    on: Sequence[str] | Mapping[str, str] = CAMPAIGN,
    where: Mapping[str, str | None] = _NONE,
    **options: Unpack[Options],
) -> Any:
    """A column that another table has too, told as it is told there, in that table's rows."""
    held, told = of.columns()[column], of.described()[column]
    definition = of.definition_of(column)
    null = told.null or ("the record states none" if held.nullable else "")
    given: Options = {"null": null, "adds": told.adds, "label": of.label_of(column), **options}
    made = replace(read(of.table, column, on=on), where=where)
    args = _column(definition.words, (made,), definition.unit, given)
    args["metadata"]["words"] = (held.metadata or {}).get("words")
    return dy.List(held.inner, **args) if isinstance(held, dy.List) else type(held)(**args)


def carried(
    of: type[Table],
    *columns: str,
    on: Sequence[str] | Mapping[str, str] = CAMPAIGN,
    where: Mapping[str, str | None] = _NONE,
) -> dict[str, Any]:
    """Columns that another table has too, each as `same` tells it."""
    return {column: same(of, column, on, where) for column in columns}


_SILENT: Told = _column("", (), "", {})["metadata"][_TOLD]


class Table(dy.Schema):
    """One table of a run; its docstring says what a row is.

    A subclass is named as its table: `CampaignMoney` declares `campaign_money`. `about` says what
    holds for every column that does not say it itself: words, upstream, settings.
    """

    table: ClassVar[str] = ""
    about: ClassVar[Definition] = Definition("")

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.table = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).lower()

    @classmethod
    @cache
    def dtypes(cls) -> Mapping[str, pl.DataType]:
        """Polars type of each column, in their order."""
        return MappingProxyType({name: column.dtype for name, column in cls.columns().items()})

    @classmethod
    def of(cls, frame: pl.DataFrame) -> pl.DataFrame:
        """The declared columns of a frame, in their order.

        Raises
        ------
        TypeError
            Where a column is of another type than declared.
        """
        dtypes = cls.dtypes()
        made = frame.select(list(dtypes))
        wrong = [
            f"{name} is {made.schema[name]}, declared {dtype}"
            for name, dtype in dtypes.items()
            if made.schema[name] != dtype
        ]
        if wrong:
            raise TypeError(f"table {cls.table}: {'; '.join(wrong)}")
        return made

    @classmethod
    def frame(cls, rows: Any = ()) -> pl.DataFrame:
        """Rows, each a mapping or in the order of the columns, as the declared table."""
        return pl.DataFrame(rows or None, schema=dict(cls.dtypes()), orient="row")

    @classmethod
    @cache
    def described(cls) -> Mapping[str, Told]:
        """All that each column says of itself, without what the table says of every column."""
        return MappingProxyType(
            {
                name: (column.metadata or {}).get(_TOLD, _SILENT)
                for name, column in cls.columns().items()
            }
        )

    @classmethod
    def key_columns(cls) -> tuple[str, ...]:
        """The columns that tell one row from the others; none where the table has one row."""
        return tuple(name for name, told in cls.described().items() if told.key)

    @classmethod
    def label_of(cls, column: str) -> str:
        """What a page calls the column."""
        return cls.described()[column].label or column.replace("_", " ").capitalize()

    @classmethod
    def adds_up(cls, column: str) -> bool:
        """Whether values of the column add up over rows; of others a range says more."""
        return cls.described()[column].adds

    @classmethod
    def null_of(cls, column: str) -> str:
        """The column that says why a value is missing, or that reason in words."""
        return cls.described()[column].null

    @classmethod
    def definition_of(cls, column: str, row: str = "") -> Definition:
        """How the column's figure is made; in the row of a key, where that has one of its own."""
        return cls._definition(column, row if row in cls.described()[column].rows else "")

    @classmethod
    @cache
    def _definition(cls, column: str, row: str) -> Definition:
        told, about = cls.described()[column], cls.about
        own = told.rows.get(row, told.definition)
        reason = own.reason if own.reason in cls.described() else ""
        return replace(
            own,
            words=own.words or about.words,
            upstream=own.upstream or about.upstream,
            config=own.config or (() if own.upstream else about.config),
            reason=reason or about.reason,
        )

    @classmethod
    def rows_of(cls, column: str) -> Mapping[str, Definition]:
        """Key of a row -> the definition that holds for it alone."""
        return cls.described()[column].rows


def declare(
    table: str, words: str, columns: Mapping[str, dy.Column], about: Definition = Table.about
) -> type[Table]:
    """A table whose columns come in families, as a class: `words` say what a row is."""
    name = "".join(part.capitalize() for part in table.split("_"))
    body = {"__doc__": words, "about": about, **columns}
    return cast("type[Table]", new_class(name, (Table,), exec_body=lambda held: held.update(body)))
