"""The data dictionary: every made table of a run and its columns, as Markdown.

`python -m mktorch.dictionary > docs/tables.md` writes the page anew.
"""

from __future__ import annotations

import dataframely as dy

from mktorch.catalog import TABLES
from mktorch.tables import Table
from mktorch.vocab import Source

_TYPES = {"String": "text", "Int64": "whole number", "Float64": "number", "Boolean": "yes or no"}
_TYPES |= {"Date": "day", "Datetime": "moment", "List": "list", "Struct": "record"}
_HEAD = """# Tables

Every table that a run makes, `tables/<name>.parquet` and `failures.parquet`, from its declaration.
The input tables are in [data.md](data.md). A key is marked \N{BLACK STAR}.
"""


def dictionary() -> str:
    """The page: a heading per table, what a row is, and a line per column."""
    made = sorted(name for name in TABLES if name not in set(Source))
    return "\n".join([_HEAD, *(_section(TABLES[name]) for name in made)])


def _section(table: type[Table]) -> str:
    rows = (_row(table, name, column) for name, column in table.columns().items())
    head = [
        "| column | label | type | unit | what it is | made of | missing where |",
        "|---" * 7 + "|",
    ]
    about = (table.__doc__ or "").strip()
    return "\n".join([f"## {table.table}", "", about, "", *head, *rows, ""])


def _row(table: type[Table], name: str, column: dy.Column) -> str:
    each, null = table.definition_of(name), table.null_of(name)
    made = "; ".join(dict.fromkeys(f"{up.table}.{', '.join(up.columns)}" for up in each.upstream))
    star = " \N{BLACK STAR}" if name in table.key_columns() else ""
    why = f"`{null}` says why" if null in table.described() else null
    kind = _TYPES[type(column.dtype).__name__]
    cells = (f"{name}{star}", table.label_of(name), kind, each.unit, each.words, made, why)
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


if __name__ == "__main__":
    print(dictionary(), end="")
