"""The data dictionary of docs/data.md, made from the declarations: `python -m` this to renew it."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from mktorch.sources.columns import expected, metadata
from mktorch.sources.rules import RULES, Rule
from mktorch.sources.schemas import SPECS
from mktorch.vocab import Source

_RULES_HEAD, _FIELDS_HEAD = "| rule | severity | what | fix |", "| field | value | |"


def rules_table() -> str:
    """Every rule with its severity, what breaks it and what mends it."""
    lines = [_RULES_HEAD, "|---|---|---|---|"]
    lines += [f"| {rule} | {t.severity} | {t.what} | {t.mend} |" for rule, t in RULES.items()]
    return "\n".join(lines)


def fields_table(source: Source) -> str:
    """A source's fields: what each takes, whether it is a key, optional, or names a parent."""
    spec = SPECS[source]
    parents = {key.column: key for key in spec.foreign_keys}
    lines = [_FIELDS_HEAD, "|---|---|---|"]
    for name, column in spec.columns.items():
        marks = ["key"] if name in spec.key else []
        marks += ["optional"] if column.nullable else []
        marks += ["other words warn"] if metadata(column, "closed") is False else []
        if name in parents:
            key = parents[name]
            strict = "" if key.rule == Rule.ORPHAN_KEY else ", kept where unknown"
            marks.append(f"of {key.parent}{strict}")
        value = expected(column).split(" such as")[0].replace(" in quotes", "")
        lines.append(f"| {name} | {value} | {'; '.join(marks)} |")
    return "\n".join(lines)


def renewed(document: str) -> str:
    """The document with its tables made anew, and each source's heading as required or optional."""
    text = _with_table(document, document.index(_RULES_HEAD), rules_table())
    for source, spec in SPECS.items():
        need = "required" if spec.required else "optional"
        heading = f"### {source} ({need})"
        text = re.sub(rf"^### {source} \(\w+\)$", heading, text, flags=re.MULTILINE)
        start = text.index(_FIELDS_HEAD, text.index(heading))
        text = _with_table(text, start, fields_table(source))
    return text


def _with_table(text: str, start: int, table: str) -> str:
    end = re.compile(r"\n(?!\|)").search(text, start)
    return text[:start] + table + (text[end.start() :] if end else "\n")


if __name__ == "__main__":
    file = Path(sys.argv[1])
    file.write_text(renewed(file.read_text(encoding="utf-8")), encoding="utf-8")
