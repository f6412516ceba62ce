"""Every table that the reports show, as CSV files and as one workbook.

Values are those of the run, unrounded: a percentage is its fraction, a date its ISO form. Text
stays text: a workbook holds no formula and no link, and in CSV a text that a spreadsheet would take
for a formula begins with an apostrophe. The same run gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import Any

import polars as pl

from mktorch import display
from mktorch.display.block import Block, Stack
from mktorch.display.contents import BY_CAMPAIGN, SOURCES, WORKBOOK
from mktorch.display.csv_files import texts, write_csv
from mktorch.display.documents import calls, deep_dives
from mktorch.display.escape import clean, slug
from mktorch.display.files import PER_CAMPAIGN
from mktorch.display.tables import Column, Table
from mktorch.formats import Format, Kind
from mktorch.runs import Run

_CAMPAIGN = "campaign_id"
_ROWS = 1_048_575  # of a sheet below its head; Excel holds no more
_LONGEST = 32_000  # characters of a workbook's cell; Excel takes 32,767
_SHEET = 31  # characters of a sheet's name
_WIDTHS = (8, 60)  # least and greatest width of a sheet's column, in characters
_UNITS = {
    Kind.PERCENT: "fraction: 0.2 is 20%",
    Kind.RATIO: "multiple",
    Kind.BYTES: "bytes",
    Kind.DATE: "ISO date",
    Kind.DATETIME: "ISO timestamp, UTC",
}
_NUMBER_FORMATS = {
    Kind.INTEGER: "#,##0",
    Kind.DECIMAL: "#,##0.####",
    Kind.CURRENCY: "#,##0.00",
    Kind.PERCENT: "0.0%",
    Kind.RATIO: "0.00",
    Kind.BYTES: "#,##0",
    Kind.DATE: "yyyy-mm-dd",
    Kind.DATETIME: "yyyy-mm-dd hh:mm:ss",
}


@dataclass(frozen=True)
class Exported:
    """One table as it is written: its name, its values under their labels, and what it says."""

    name: str
    frame: pl.DataFrame
    formats: Mapping[str, Format]
    title: str
    notes: tuple[str, ...]
    source: str


def write_exports(run: Run, folder: Path) -> list[Path]:
    """Write the tables of a run's reports into `folder/exports`.

    Parameters
    ----------
    run
        The run.
    folder
        The pack's folder; it need not be there.

    Returns
    -------
    The files, in order: the list of sources, the workbook, then a CSV file for each table.
    """
    tables = exported(run)
    sources, workbook = folder / SOURCES, folder / WORKBOOK
    sources.parent.mkdir(parents=True, exist_ok=True)
    names = _sheet_names(table.name for table in tables)
    listed = _sources(run, tables, names)
    written = [sources]
    write_csv(sources, listed)
    _write_workbook(workbook, run, listed, tables, names)
    for table in tables:
        file = sources.parent / f"{table.name}.csv"
        write_csv(file, table.frame)
        written.append(file)
    return [sources, workbook, *written[1:]]


def exported(run: Run) -> list[Exported]:
    """The tables that the documents show, in their order, each once and with every row.

    A table that several documents show in different length is taken where it is longest. One of the
    deep dives is taken of all campaigns at once; where its rows are sums over campaigns, those of
    the pack's deep dives stand together, after a column that names each.
    """
    found: dict[str, Table] = {}
    apart: dict[str, dict[str, Table]] = {}
    for document, name, options in calls():
        if not _tabular(name):
            continue
        make = getattr(display, name)
        for table in _tables(make(run, **options)):
            if document == PER_CAMPAIGN and _CAMPAIGN not in table.frame.columns:
                for one in deep_dives(run):
                    apart.setdefault(table.id, {})[one] = make(run, **options, campaign=one)
                continue
            held = found.get(table.id)
            if held is None or held.frame.height < table.frame.height:
                found[table.id] = table
    return [
        *(_exported(slug(name), {"": table}) for name, table in found.items()),
        *(_exported(f"{slug(name)}{BY_CAMPAIGN}", tables) for name, tables in apart.items()),
    ]


def _tabular(name: str) -> bool:
    made = str(signature(getattr(display, name)).return_annotation)
    return "Table" in made or "Stack" in made


def _tables(block: Block) -> Iterator[Table]:
    if isinstance(block, Table):
        yield block
    elif isinstance(block, Stack):
        for inner in block.blocks:
            yield from _tables(inner)


def _exported(name: str, tables: Mapping[str, Table]) -> Exported:
    """Tables of one kind as one; those of campaigns after a column that names them."""
    frames: list[pl.DataFrame] = []
    formats: dict[str, Format] = {}
    for campaign, table in tables.items():
        columns = dict(_values(table.worded))
        formats |= {label: form for label, (_, form) in columns.items()}
        frame = pl.DataFrame({label: values for label, (values, _) in columns.items()})
        if campaign:
            frame = frame.select(pl.lit(campaign).alias("Campaign id"), pl.all())
        frames.append(frame)
    first = next(iter(tables.values()))
    notes = () if len(tables) > 1 else first.all_notes
    return Exported(
        name=name,
        frame=pl.concat(frames, how="diagonal_relaxed"),
        formats=formats,
        title=first.title if len(tables) == 1 else f"One table per campaign: {first.id}.",
        notes=notes,
        source=first.source,
    )


def _values(table: Table) -> Iterator[tuple[str, tuple[pl.Series, Format]]]:
    """Label, values and format of every column and of what stands small below it."""
    taken: set[str] = set()
    text = Format(Kind.TEXT)

    def free(label: str) -> str:
        name, n = label, 1
        while name in taken:
            n += 1
            name = f"{label} ({n})"
        taken.add(name)
        return name

    if _CAMPAIGN in table.frame.columns and not any(
        _CAMPAIGN in (column.name, column.detail) for column in table.columns
    ):
        yield free("Campaign id"), (table.frame[_CAMPAIGN], text)
    if table.group:
        yield free("Group"), (_plain(table.frame[table.group]), text)
    for column in table.columns:
        yield free(column.label), (_whole(_series(table, column), column.format), column.format)
        if column.detail:
            words = column.detail.replace("_", " ")
            values = _plain(table.frame[column.detail])
            yield free(f"{column.label}: {words}"), (values, column.detail_format)


def _series(table: Table, column: Column) -> pl.Series:
    values = table.frame[column.name]
    if column.statuses is None:
        return _plain(values)
    words = pl.Series(table.texts(column), dtype=pl.String)
    return pl.select(pl.when(values.is_not_null()).then(words)).to_series()


def _whole(values: pl.Series, form: Format) -> pl.Series:
    """Counts without decimals where none of them has any."""
    if form.kind != Kind.INTEGER or not values.dtype.is_float():
        return values
    return values.cast(pl.Int64) if bool((values == values.floor()).all()) else values


def _plain(values: pl.Series) -> pl.Series:
    """Values that a cell can hold: lists as their parts, other nested values as text."""
    if isinstance(values.dtype, pl.List):
        return values.cast(pl.List(pl.String)).list.join("; ")
    if values.dtype.is_nested():
        return pl.Series([None if v is None else str(v) for v in values], dtype=pl.String)
    if values.dtype == pl.Null:
        return values.cast(pl.String)
    return values


def _sources(run: Run, tables: Iterable[Exported], names: Mapping[str, str]) -> pl.DataFrame:
    """A row per table: its sheet and file, what it says, where it is from, its columns' units."""
    rows = [
        (
            names[table.name],
            f"{table.name}.csv",
            table.title,
            table.frame.height,
            table.source,
            " ".join(note for note in table.notes if not note.startswith("Source: ")),
            "; ".join(
                f"{label}: {unit}"
                for label, form in table.formats.items()
                if (unit := _unit(form, run))
            ),
            run.run_id,
            f"{run.manifest.as_of:%Y-%m-%dT%H:%M:%S}",
        )
        for table in tables
    ]
    labels = ("Sheet", "File", "What it says", "Rows", "Source", "Notes", "Units", "Run", "As of")
    return pl.DataFrame(
        rows,
        schema={label: pl.Int64 if label == "Rows" else pl.String for label in labels},
        orient="row",
    )


def _unit(form: Format, run: Run) -> str:
    return run.config.currency if form.kind == Kind.CURRENCY else _UNITS.get(form.kind, "")


def _write_workbook(
    file: Path,
    run: Run,
    listed: pl.DataFrame,
    tables: Iterable[Exported],
    names: Mapping[str, str],
) -> None:
    import xlsxwriter

    text_only = {
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "constant_memory": True,
    }
    with xlsxwriter.Workbook(str(file), text_only) as book:
        book.set_properties({"created": run.manifest.as_of, "title": f"Run {run.run_id}"})
        head = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
        styles = {
            kind: book.add_format({"num_format": pattern, "valign": "top"})
            for kind, pattern in _NUMBER_FORMATS.items()
        }
        text = book.add_format({"text_wrap": True, "valign": "top"})
        _write_sheet(book.add_worksheet("Sources"), listed, {}, head, styles, text)
        for table in tables:
            sheet = book.add_worksheet(names[table.name])
            _write_sheet(sheet, table.frame, table.formats, head, styles, text)


def _write_sheet(
    sheet: Any,
    frame: pl.DataFrame,
    formats: Mapping[str, Format],
    head: Any,
    styles: Mapping[Kind, Any],
    text: Any,
) -> None:
    """One table, row by row, each value by the call for its own type: text can be nothing else."""
    sheet.freeze_panes(1, 0)
    frame = frame.head(_ROWS).with_columns(texts(frame, _fitting))
    writers = []
    for place, (name, kind) in enumerate(frame.schema.items()):
        form = formats.get(name)
        style = styles.get(form.kind) if form else None
        if kind == pl.Boolean:
            writers.append((place, sheet.write_boolean, text))
        elif kind.is_numeric():
            writers.append((place, sheet.write_number, style or styles[Kind.DECIMAL]))
        elif kind.is_temporal():
            day = styles[Kind.DATE if kind == pl.Date else Kind.DATETIME]
            writers.append((place, sheet.write_datetime, day))
        else:
            writers.append((place, sheet.write_string, text))
        widths = frame[name].cast(pl.String, strict=False).str.len_chars().drop_nulls().to_list()
        longest = max((len(name), *widths))
        sheet.set_column(place, place, min(max(longest + 2, _WIDTHS[0]), _WIDTHS[1]))
        sheet.write_string(0, place, _fitting(name), head)
    for row, values in enumerate(frame.iter_rows(), start=1):
        for (place, write, style), value in zip(writers, values, strict=True):
            if value is not None:
                write(row, place, value, style)


def _fitting(text: str) -> str:
    """Text of a workbook's cell: printable, and no longer than one holds."""
    whole = clean(text)
    return whole if len(whole) <= _LONGEST else f"{whole[: _LONGEST - 1]}\u2026"


def _sheet_names(tables: Iterable[str]) -> dict[str, str]:
    """A sheet's name for each table: as long as Excel allows, no two alike.

    >>> _sheet_names(["a", "x" * 40, "x" * 41])["x" * 41]
    'xxxxxxxxxxxxxxxxxxxxxxxxxxxxx-2'
    """
    names: dict[str, str] = {}
    taken = {"sources"}
    for table in tables:
        name, n = table[:_SHEET], 1
        while name in taken:
            n += 1
            name = f"{table[: _SHEET - len(f'-{n}')]}-{n}"
        taken.add(name)
        names[table] = name
    return names
