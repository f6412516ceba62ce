"""What programs read: JSON Schema of settings, state and sources; the page of all settings."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import jsonschema
import pytest

from mktorch.config import MarketingOrchestratorConfig, load_config
from mktorch.config.reference import page, settings, template
from mktorch.contract import ContractError, contract
from mktorch.runs import Run
from mktorch.vocab import Source
from tests.conftest import TINY

ROOT = Path(__file__).parents[1]
NAMED = re.compile(r"# (\[|[a-z_]+ = )")


@pytest.mark.parametrize("source", Source)
def test_the_sample_fits_the_schema_of_its_source(source: Source) -> None:
    schema = contract(source)
    jsonschema.Draft202012Validator.check_schema(schema)
    records = json.loads((ROOT / "data" / f"{source}.json").read_text())[:200]
    jsonschema.validate(records, schema)
    if records:
        first = schema["items"]["required"][0]
        broken = [{k: v for k, v in records[0].items() if k != first}]
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(broken, schema)


def test_a_closed_word_and_a_limit_are_in_the_schema() -> None:
    campaign = json.loads((TINY / "campaigns.json").read_text())[0]
    for field, value in {"status": "alive", "budget": -1, "start_date": 5}.items():
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate([{**campaign, field: value}], contract("campaigns"))


def test_a_state_fits_its_schema(tiny_run: Run) -> None:
    state = json.loads((tiny_run.path / "state.json").read_text())
    jsonschema.validate(state, contract("state"))
    state["kpi_status"] = 3
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(state, contract("state"))


def test_an_unknown_contract_names_the_nearest() -> None:
    with pytest.raises(ContractError, match="did you mean 'campaigns'"):
        contract("campaign")
    assert [*contract()] == ["config", "state", *Source]


def test_every_setting_has_a_meaning() -> None:
    assert [each.name for each in settings(MarketingOrchestratorConfig) if not each.meaning] == []


def test_the_template_in_full_is_the_defaults(tmp_path: Path) -> None:
    text = "\n".join(line[2:] if NAMED.match(line) else line for line in template().splitlines())
    assert len(tomllib.loads(text)) > 60
    (tmp_path / "all.toml").write_text(text)
    config, origins = load_config(tmp_path / "all.toml")
    assert config.fingerprint() == MarketingOrchestratorConfig().fingerprint()
    assert origins["window_days"] == "file all.toml"


def test_the_page_of_settings_is_what_the_settings_say() -> None:
    assert page() in (ROOT / "docs" / "configuration.md").read_text()
