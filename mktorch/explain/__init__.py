"""Where one figure comes from: its definition, its rows, what these are made of, down to records.

```python
told = mktorch.load_run("output/runs/20260412-0123456789").explain("campaigns.roi.CAMP_001")
print(told)
told.records()["performance_metrics"]  # the input records behind it, as a frame
```
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from mktorch import catalog
from mktorch.display import trace
from mktorch.display.documents import figures
from mktorch.display.sources import lines_of
from mktorch.display.trace import Entry, Figure
from mktorch.errors import MktorchError
from mktorch.explain.rows import PAGE, indexed, made_of, own_rows, worked_in
from mktorch.explain.subjects import Subject, known, subject
from mktorch.explain.told import Explanation, Made, spread
from mktorch.explain.words import in_words
from mktorch.runs import Run

__all__ = ["ExplainError", "Explanation", "Made", "explain"]


class ExplainError(MktorchError):
    """No figure bears the id; the message names the nearest ones."""


def explain(run: Run, name: str) -> Explanation:
    """Where the figure of an id comes from.

    Parameters
    ----------
    run
        The run.
    name
        A recommendation, ground of the verdict, risk, KPI or experiment by its own name (one gate
        as `EXP_001.sample`), or `verdict`; a figure's id, as its link on a page has it (`f-` in
        front is allowed); or a column of the run, `table.column` or `table.column.<row key>`.

    Raises
    ------
    ExplainError
        Where no figure and no column of the run is named so, with the nearest ids.
    """
    named = subject(run, name)
    if named:
        return _explained(run, named.figure, "", (), named)
    wanted = name.removeprefix("#").removeprefix("f-")
    page, _ = trace.within(wanted)
    campaigns = {trace.address(each): each for each in run.tables["campaigns"]["campaign_id"]}
    if page and page not in campaigns:
        raise ExplainError(f"{name}: the run has no campaign {page!r}{_near(page, campaigns)}")
    campaign = campaigns.get(page, "")
    shown: dict[str, Figure] = {}
    pages: dict[str, list[str]] = {}
    for document, each in figures(run, campaign):
        shown.setdefault(each.id, each)
        pages.setdefault(each.id, []).append(document)
    if wanted in shown:
        return _explained(run, shown[wanted], campaign, tuple(dict.fromkeys(pages[wanted])))
    if not page and wanted.partition(".")[0] in run.tables:
        return _explained(run, _column(run, wanted), "", ())
    raise ExplainError(
        f"{name}: no figure of run {run.run_id} has this id"
        f"{_near(wanted, (*known(run), *shown))}; an id is a recommendation, ground, gate, risk or "
        "KPI, the end of a figure's link on a page, or table.column.key of the run's tables"
    )


def _near(wanted: str, names: Iterable[str]) -> str:
    near = difflib.get_close_matches(wanted, list(names), n=3, cutoff=0.5)
    return f"; near it: {', '.join(near)}" if near else ""


def _column(run: Run, wanted: str) -> Figure:
    """A column of the run's own tables, or one row's value of it, as a figure."""
    table, _, rest = wanted.partition(".")
    column, _, key = rest.partition(".")
    frame = run.tables[table].select(pl.exclude("^_.*$"))
    if column not in frame.columns:
        raise ExplainError(
            f"{wanted}: table {table} has no column {column!r}{_near(column, frame.columns)}"
        )
    names = [name for name in catalog.key(table) or () if name in frame.columns]
    row: Mapping[str, Any] = {}
    if key:
        rows = frame.select(names).rows(named=True) if names else []
        ids = trace.addresses(table, column, [tuple(each.values()) for each in rows])
        if wanted not in ids:
            raise ExplainError(f"{wanted}: no such row of {table}{_near(wanted, ids)}")
        row = rows[ids.index(wanted)]
    held = own_rows(frame, row)
    first = str(next(iter(row.values()), ""))
    found = catalog.definition(table, column, first)
    values, adds = held[column], catalog.adds(table, column)
    return Figure(
        id=wanted,
        block=table,
        column=column,
        label=column.replace("_", " ").capitalize(),
        text=in_words(values[0]) if held.height == 1 else spread(values, adds),
        defined=((table, column, found),) if found else (),
        row=row,
        value=values[0] if held.height == 1 else None,
    )


def _explained(
    run: Run,
    figure: Figure,
    campaign: str,
    pages: tuple[str, ...],
    named: Subject | None = None,
) -> Explanation:
    if not figure.defined:
        raise ExplainError(f"{figure.id}: this column has no definition; it is kept as computed")
    held = [
        (table, found, _rows(run, figure, table, campaign)) for table, _, found in figure.defined
    ]
    made = made_of(run, held) if named is None or named.made is None else named.made
    sums = [
        worked_in(run, column, *each[1:])
        for (_, column, _), each in zip(figure.defined, held, strict=True)
    ]
    worked = (*filter(None, sums), *(named.worked if named else ()))
    value, reason = _value(run, figure)
    entry = Entry(anchor="", block=figure.block, label=figure.label, figures=(figure,))
    settings = dict.fromkeys(s for *_, found in figure.defined for s in trace.settings(run, found))
    sources = {each.table for one in made for each in one.walk if each.is_source}
    return Explanation(
        figure=figure,
        pages=pages,
        value=value,
        reason=reason,
        lines=tuple(lines_of(run, entry)),
        worked=worked,
        made=made,
        settings=tuple(settings),
        inputs=tuple(i for i in run.manifest.inputs if i.source in sources),
        run=run,
    )


def _rows(run: Run, figure: Figure, table: str, campaign: str) -> pl.DataFrame:
    """The figure's own row: of its table, or the block's where no table holds the figure."""
    if table:
        return own_rows(indexed(run, table), figure.row)
    page = {PAGE: campaign} if campaign else {}
    return pl.DataFrame([{**page, **figure.row, **figure.cells}], strict=False)


def _value(run: Run, figure: Figure) -> tuple[Any, str]:
    """The exact value and, where it is null, the reason."""
    table, column, found = figure.defined[0]
    if len(figure.defined) > 1 or not column:
        return None, ""
    if not table:
        return figure.value, ""
    held = own_rows(run.tables[table], figure.row)
    if held.is_empty():
        return None, f"n/a: {trace.place(table, column, figure.row)} has no row"
    if held.height > 1 or column not in held.columns:
        return figure.value, ""
    value = held[column][0]
    told = [held[name][0] for name in (found.reason, "reason") if name in held.columns]
    reason = next(filter(None, told), "") if value is None else ""
    return value, f"n/a: {reason.replace('_', ' ')}" if reason else ""
