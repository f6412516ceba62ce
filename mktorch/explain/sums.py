"""A figure worked out in numbers: what is divided, added or compared, and what it comes to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import fsum, isclose
from typing import Any

import polars as pl

from mktorch.explain.words import in_a_sum
from mktorch.formulas import in_numbers, names, worked_out
from mktorch.runs import Run
from mktorch.tables import Definition, Upstream

_TERMS = 12  # of a sum that are named one by one
_CLOSE = 1e-9
Read = Sequence[tuple[Upstream, pl.DataFrame]]


def formula_of(definition: Definition) -> str:
    """How a figure is made of its parts: as declared, a quotient, or the sum of one column.

    >>> formula_of(Definition("Spend / clicks", over=("spend", "clicks")))
    'spend / clicks'
    """
    if definition.formula:
        return definition.formula
    if definition.over:
        return " / ".join(definition.over)
    only = definition.upstream[0] if len(definition.upstream) == 1 else None
    return only.columns[0] if only and len(only.columns) == 1 else ""


def working(run: Run, column: str, definition: Definition, row: pl.DataFrame, read: Read) -> str:
    """How the parts give the figure of one row, in numbers; empty where they alone do not.

    `read` holds the rows that each upstream of the definition stands for.
    """
    formula = formula_of(definition)
    value = row[column][0] if row.height == 1 and column in row.columns else None
    if not formula or isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    values = {name: _operand(run, name, row, read) for name in names(formula)}
    if not comes_to(worked_out(formula, values), value):
        return ""
    parts = next((p for p in _parts(formula, row, read) if isclose(fsum(p), value)), None)
    said = _terms(parts) if parts else in_numbers(formula, values, in_a_sum)
    return equation(formula, said, value)


def equation(formula: str, said: str, value: float) -> str:
    """A formula, the same in numbers, and what it comes to; a name alone is its value.

    >>> equation("a / b", "6 / 4", 1.5), equation("a", "6", 6)
    ('a / b = 6 / 4 = 1.5', 'a = 6')
    """
    told = in_a_sum(value)
    return " = ".join((formula, *([] if said == told else [said]), told))


def comes_to(found: float | None, value: float) -> bool:
    """Whether a sum worked out comes to the figure, but for the rounding of binary fractions."""
    return found is not None and isclose(found, value, rel_tol=_CLOSE, abs_tol=_CLOSE)


def _terms(parts: Sequence[float]) -> str:
    if len(parts) > _TERMS:
        return f"sum of {len(parts):,} rows"
    return " + ".join(map(in_a_sum, parts)).replace("+ -", "- ")


def _parts(formula: str, row: pl.DataFrame, read: Read) -> Iterator[list[float]]:
    """The terms of a figure that is a sum of one column."""
    if formula.isidentifier() and formula not in row.columns:
        for up, rows in read:
            if formula in up.columns and rows[formula].dtype.is_numeric():
                yield rows[formula].drop_nulls().to_list()


def _operand(run: Run, name: str, row: pl.DataFrame, read: Read) -> Any:
    """A column of the row itself, the sum of one upstream, or what `table.what` asks of rows."""
    if name in row.columns:
        return row[name][0]
    table, _, asked = name.partition(".")
    if not asked:
        held = [rows[name] for up, rows in read if name in up.columns and name in rows.columns]
        return _sum(held[0]) if held else None
    rows = next((rows for up, rows in read if up.table == table), pl.DataFrame())
    column, _, what = asked.rpartition(".")
    if asked == "rows":
        return rows.height
    if what == "distinct":
        return rows[column].n_unique()
    if what == "age_hours":
        newest = pl.lit(rows[column].max(), pl.Datetime("us"))
        return pl.select(run.clock.hours(newest, pl.lit(run.clock.as_of))).item()
    return _sum(rows[asked])


def _sum(values: pl.Series) -> Any:
    """What rows add up to, nothing where there are none; null where none of them knows it."""
    known = values.drop_nulls()
    if not values.dtype.is_numeric():
        return known[0] if known.len() == 1 else None
    if values.len() and known.is_empty():
        return None
    return fsum(known) if values.dtype.is_float() else int(known.sum())


def stated(run: Run, name: str, facts: Mapping[str, Any]) -> Any:
    """A fact by its name or, where there is none, the setting of that dotted name."""
    if name in facts:
        return facts[name]
    held: Any = run.manifest.config
    for part in name.split("."):
        held = held.get(part) if isinstance(held, Mapping) else None
    return held
