"""docs/data.md says what the declarations say."""

from __future__ import annotations

from pathlib import Path

import pytest

from mktorch.sources import SPECS, Rule
from mktorch.sources.dictionary import fields_table, renewed
from mktorch.sources.rules import RULES, SEVERITY
from mktorch.vocab import Source

DOCUMENT = (Path(__file__).parents[2] / "docs" / "data.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("source", Source)
def test_every_field_is_described_as_declared(source):
    need = "required" if SPECS[source].required else "optional"
    assert f"### {source} ({need})\n\n" in DOCUMENT
    assert fields_table(source) in DOCUMENT


@pytest.mark.parametrize("rule", Rule)
def test_every_rule_is_described_with_its_severity_and_remedy(rule):
    assert f"| {rule} | {SEVERITY[rule]} | {RULES[rule].what} | {RULES[rule].mend} |" in DOCUMENT


def test_the_document_is_as_it_would_be_made_anew():
    assert renewed(DOCUMENT) == DOCUMENT
    stale = DOCUMENT.replace("### roi_ledger (optional)", "### roi_ledger (required)").replace(
        "| out_of_range | error |", "| out_of_range | warning |"
    )
    assert renewed(stale) == DOCUMENT
