"""docs/data.md says what the declarations say."""

from __future__ import annotations

from pathlib import Path

import pytest

from mktorch.sources import SPECS, Rule
from mktorch.sources.columns import expected, metadata
from mktorch.sources.rules import SEVERITY
from mktorch.vocab import Source

DOCUMENT = (Path(__file__).parents[2] / "docs" / "data.md").read_text(encoding="utf-8")


def table(source: Source) -> str:
    """A source's fields as a Markdown table, made from its declaration."""
    spec = SPECS[source]
    parents = {key.column: key for key in spec.foreign_keys}
    lines = ["| field | value | |", "|---|---|---|"]
    for name, column in spec.columns.items():
        marks = ["key"] if name in spec.key else []
        marks += ["optional"] if column.nullable else []
        marks += ["other words warn"] if metadata(column, "closed") is False else []
        if name in parents:
            key = parents[name]
            strict = "" if key.rule == Rule.ORPHAN_KEY else ", kept where unknown"
            marks.append(f"of {key.parent}{strict}")
        value = expected(column).split(" such as")[0].removesuffix(" in quotes")
        lines.append(f"| {name} | {value} | {'; '.join(marks)} |")
    return "\n".join(lines)


@pytest.mark.parametrize("source", Source)
def test_every_field_is_described_as_declared(source):
    need = "required" if SPECS[source].required else "optional"
    assert f"### {source} ({need})\n\n" in DOCUMENT
    assert table(source) in DOCUMENT


@pytest.mark.parametrize("rule", Rule)
def test_every_rule_is_described_with_its_severity(rule):
    assert f"| {rule} | {SEVERITY[rule]} |" in DOCUMENT
