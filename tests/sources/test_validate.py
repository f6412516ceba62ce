"""Validation: what each rule catches, what stays, what goes, and that nothing is lost."""

from __future__ import annotations

import json

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mktorch.config import MarketingOrchestratorConfig
from mktorch.sources import FAILURE_SCHEMA, SPECS, SourceError, load, validate
from mktorch.sources.readers import json_files
from mktorch.vocab import Source
from tests.sources.good import RECORDS, broken, records, validated, write


def damage(tmp_path, source, row, /, **fields):
    """Validate the good set with some fields of one record changed."""
    tables = records()
    tables[source][row - 1].update(fields)
    return validated(write(tmp_path, tables))


def test_the_good_set_has_no_failures(tmp_path):
    result = validated(write(tmp_path, records()))
    assert result.failures.is_empty()
    assert dict(result.failures.schema) == dict(FAILURE_SCHEMA)
    assert {s: f.height for s, f in result.frames.items()} == {s: len(RECORDS[s]) for s in Source}


FAULTS = [
    # source, field, value, rule, severity
    ("campaigns", "name", None, "missing_required", "error"),
    ("campaigns", "name", "  ", "missing_required", "error"),
    ("campaigns", "status", "activ", "unknown_enum", "error"),
    ("campaigns", "budget", -1, "out_of_range", "error"),
    ("campaigns", "start_date", "1200-01-01", "out_of_range", "error"),
    ("campaigns", "end_date", "2026-02-01", "end_before_start", "error"),
    ("audience_segments", "size_estimate", 12.5, "unreadable_value", "error"),
    ("audience_segments", "priority", "urgent", "unknown_enum", "error"),
    ("channels", "cost_model", "per_fax", "unknown_descriptive", "warning"),
    ("creative_assets", "approved_by_human", "yes", "unreadable_value", "error"),
    ("creative_assets", "risk_flags", "none", "unreadable_value", "error"),
    ("creative_assets", "segment_id", "S9", "orphan_key", "error"),
    ("experiments", "control_asset", "A9", "unknown_reference", "warning"),
    ("experiments", "variant_assets", ["A2", "A9"], "unknown_reference", "warning"),
    ("experiments", "end_date", "2026-03-01", "experiment_end_before_start", "warning"),
    ("experiments", "allocation", [0.5, 0.4], "allocation_sum", "warning"),
    ("experiments", "allocation", [1.5, -0.5], "out_of_range", "error"),
    ("experiments", "type", "A/A", "unknown_enum", "error"),
    ("performance_metrics", "conversion_rate", -5, "out_of_range", "error"),
    ("performance_metrics", "conversions", 900, "conversions_exceed_clicks", "warning"),
    ("performance_metrics", "conversion_rate", 0.5, "rate_mismatch", "warning"),
    ("segment_rollups", "revenue_proxy", -5, "negative_revenue", "warning"),
    ("segment_rollups", "spend", -5, "negative_sum", "warning"),
    ("performance_metrics", "experiment_id", "E9", "unknown_reference", "warning"),
    ("orchestrator_decisions", "confidence_score", 1.01, "out_of_range", "error"),
    ("roi_ledger", "net_roi", 441.6, "net_roi_mismatch", "warning"),
    ("funnel_events", "stage", "signup_done", "unknown_enum", "error"),
    ("funnel_events", "source", "fax", "unknown_descriptive", "warning"),
    ("budget_actions", "to_channel_id", "H9", "orphan_key", "error"),
    ("budget_actions", "proposed_by", "robot", "unknown_enum", "error"),
    ("campaign_risk_signals", "asset_ids", ["A1", "A9"], "unknown_reference", "warning"),
    ("campaign_risk_signals", "evidence", None, "missing_required", "error"),
    ("segment_rollups", "window_end", "2026-02-01", "end_before_start", "error"),
    ("attribution_hints", "method", "last_click", "unknown_enum", "error"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "field", "value", "rule", "severity"), FAULTS)
def test_each_fault_is_named_where_it_is(tmp_path, source, field, value, rule, severity):
    row = len(RECORDS[source])
    result = damage(tmp_path, source, row, **{field: value})
    own = result.failures.filter(pl.col("source") == source, pl.col("rule") == rule)
    assert own.select("file", "row", "field", "severity").rows() == [
        (f"{source}.json", row, field, severity)
    ]
    kept = len(RECORDS[source]) - (severity == "error")
    assert result.frames[Source(source)].height == kept


def test_every_fault_of_a_row_is_reported(tmp_path):
    result = damage(tmp_path, "campaigns", 3, name=None, status="x", budget=-1, start_date="soon")
    assert broken(result) == [
        ("campaigns", 3, "name", "missing_required"),
        ("campaigns", 3, "start_date", "unreadable_value"),
        ("campaigns", 3, "budget", "out_of_range"),
        ("campaigns", 3, "status", "unknown_enum"),
    ]


def test_a_failure_says_what_where_and_how_to_mend(tmp_path):
    result = damage(tmp_path, "campaigns", 3, status="activ")
    assert result.failures.row(0, named=True) == {
        "source": "campaigns",
        "file": "campaigns.json",
        "row": 3,
        "key": "C3",
        "field": "status",
        "value": "activ",
        "rule": "unknown_enum",
        "severity": "error",
        "message": "status is 'activ'; write one of planned, active, paused, completed",
    }


def test_the_first_of_a_repeated_key_is_kept(tmp_path):
    tables = records()
    tables["channels"] += [{**tables["channels"][0], "platform": "Other"}] * 2
    result = validated(write(tmp_path, tables))
    assert broken(result, "row", "field", "value", "rule") == [
        (3, "channel_id", "H1", "duplicate_key"),
        (4, "channel_id", "H1", "duplicate_key"),
    ]
    assert "channels.json row 1, which is kept" in result.failures["message"][0]
    assert result.frames[Source.CHANNELS]["platform"].to_list() == ["Post", "Post"]


def test_a_faulty_first_gives_way_to_a_good_repetition(tmp_path):
    tables = records()
    good = tables["channels"][0]
    tables["channels"].insert(0, {**good, "avg_cost": -1})
    result = validated(write(tmp_path, tables))
    assert sorted(broken(result)) == [
        ("channels", 1, "avg_cost", "out_of_range"),
        ("channels", 1, "channel_id", "duplicate_key"),
    ]
    assert result.frames[Source.CHANNELS]["channel_id"].to_list() == ["H1", "H2"]


def test_a_key_with_an_absent_part_is_a_key(tmp_path):
    tables = records()
    row = {**tables["performance_metrics"][0], "experiment_id": None}
    tables["performance_metrics"] += [row, {k: v for k, v in row.items() if k != "experiment_id"}]
    result = validated(write(tmp_path, tables))
    assert broken(result, "row", "field", "rule", "key") == [
        (12, "asset_id + experiment_id + timestamp", "duplicate_key", "A1 | 2026-03-05T10:00:00")
    ]


def test_a_child_of_a_rejected_row_says_so(tmp_path):
    result = damage(tmp_path, "campaigns", 2, status="activ")
    orphans = result.failures.filter(rule="orphan_key")
    assert orphans.select("source", "row", "field", "value").rows() == [
        ("creative_assets", 4, "campaign_id", "C2"),
        ("creative_assets", 5, "campaign_id", "C2"),
        ("creative_assets", 6, "campaign_id", "C2"),
        ("experiments", 2, "campaign_id", "C2"),
    ]
    assert (
        "parent record was rejected (campaigns.json row 2: unknown_enum)" in orphans["message"][0]
    )
    assert result.frames[Source.EXPERIMENTS]["experiment_id"].to_list() == ["E1"]


def test_only_the_unknown_elements_of_a_list_are_shown(tmp_path):
    result = damage(tmp_path, "campaign_risk_signals", 1, asset_ids=["A1", "A8", "A9"])
    assert broken(result, "value", "rule") == [("A8, A9", "unknown_reference")]


def test_an_unreadable_value_is_not_called_missing_too(tmp_path):
    result = damage(tmp_path, "campaigns", 1, budget="much")
    own = result.failures.filter(source="campaigns")
    assert own.select("field", "value", "rule").rows() == [("budget", "much", "unreadable_value")]


def test_a_record_that_is_no_object_fails_once(tmp_path):
    tables = records()
    tables["channels"].insert(1, "H3")
    result = validated(write(tmp_path, tables))
    assert broken(result, "row", "field", "value", "rule", "key") == [
        (2, None, '"H3"', "not_an_object", None)
    ]


@pytest.mark.parametrize(
    ("rate", "counts", "fits"),
    [
        (0.008, (12000, 840, 96), True),  # 96 / 12000
        (0.114, (12000, 840, 96), True),  # 96 / 840 = 0.1143
        (0.11, (12000, 840, 96), True),  # the same, rounded to two digits
        (0.1, (12000, 840, 96), True),  # and to one
        (0.12, (12000, 840, 96), True),  # 5 % above 0.1143, by tolerance
        (0.13, (12000, 840, 96), False),
        (11.4, (12000, 840, 96), False),  # percent for a fraction
        (0, (12000, 840, 96), False),
        (0, (12000, 840, 0), True),
        (0, (0, 0, 0), True),
        (0.1, (0, 0, 0), False),
        (0.5, (0, 4, 2), True),
        (None, (12000, 840, 96), True),
    ],
)
def test_a_supplied_rate_against_its_own_counts(tmp_path, rate, counts, fits):
    """A source of one row: its rate may be of either denominator."""
    tables = records()
    names = ("impressions", "clicks", "conversions")
    row = {**tables["performance_metrics"][0], **dict(zip(names, counts, strict=True))}
    tables["performance_metrics"] = [{**row, "conversion_rate": rate}]
    result = validated(write(tmp_path, tables))
    assert ("rate_mismatch" not in result.failures["rule"]) is fits


@pytest.mark.parametrize(
    ("net", "fits"),
    [(441.5, True), (441.52, True), (441.475, True), (441.53, False), (441.4, False)],
)
def test_net_roi_is_value_less_costs_but_for_rounding(tmp_path, net, fits):
    """4800 - 38.5 - 120 - 4200 = 441.5; five amounts rounded to a cent are off by 0.025."""
    result = damage(tmp_path, "roi_ledger", 1, net_roi=net)
    assert result.failures.is_empty() is fits


def test_severity_is_a_setting(tmp_path):
    lenient = {"validation_severity": {"orphan_key": "warning", "rate_mismatch": "error"}}
    tables = records()
    tables["creative_assets"][5]["channel_id"] = "H9"
    tables["performance_metrics"][0]["conversion_rate"] = 0.9
    result = validated(write(tmp_path, tables), **lenient)
    assert broken(result, "source", "rule", "severity") == [
        ("creative_assets", "orphan_key", "warning"),
        ("performance_metrics", "rate_mismatch", "error"),
    ]
    assert result.frames[Source.CREATIVE_ASSETS].height == 6
    assert result.frames[Source.PERFORMANCE_METRICS].height == 9


def test_without_validation_only_what_cannot_be_read_fails(tmp_path):
    tables = records()
    tables["campaigns"][1].update(status="activ", budget="much")
    tables["campaigns"][2].update(status="activ")
    result = validated(write(tmp_path, tables), enable_validation=False)
    assert broken(result) == [("campaigns", 2, "budget", "unreadable_value")]
    assert result.frames[Source.CAMPAIGNS]["campaign_id"].to_list() == ["C1", "C3"]
    assert result.frames[Source.CREATIVE_ASSETS].height == 6


def test_a_long_value_is_clipped(tmp_path):
    result = damage(tmp_path, "campaigns", 3, status="x" * 1000)
    assert result.failures["value"].item() == "x" * 200


WRONG = st.sampled_from(
    [None, "", "x", "12", -1, 12.5, 1e300, 2**70, True, [], ["A9"], {}, "2026-03-05", float("nan")]
)


@st.composite
def damages(draw):
    """Some records of some sources, each with some fields replaced, dropped or added."""
    tables = records()
    for source in draw(st.sets(st.sampled_from(list(Source)), max_size=4)):
        rows = tables[source]
        for place in draw(st.lists(st.integers(0, len(rows) - 1), max_size=3)):
            fields = st.sampled_from([*SPECS[source].columns, "extra"])
            rows[place] = {**rows[place], **draw(st.dictionaries(fields, WRONG, max_size=3))}
        if draw(st.booleans()):
            rows.append(draw(st.sampled_from([*rows, 5, "x", None, []])))
    return tables


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(damages())
def test_nothing_is_lost(tmp_path, tables):
    """Every record read is either valid or named with an error, and stays in order."""
    config = MarketingOrchestratorConfig(data_dir=str(write(tmp_path, tables)))
    raw = load(config)
    result = validate(raw, config)
    errors = result.failures.filter(severity="error")
    for source in Source:
        read = raw[source].frame
        replaced = result.failures.filter(source=source, rule="restated_row")
        bad = {*errors.filter(source=source)["row"], *replaced["row"]}
        assert read.height == len(tables[source])
        valid = result.frames[source]
        assert valid["_row"].to_list() == [r for r in range(1, read.height + 1) if r not in bad]
        assert valid.schema == read.schema
        for name, column in SPECS[source].columns.items():
            assert column.nullable or not valid[name].null_count()
    assert (
        not result.failures.select("file", "row", "rule", "severity", "message")
        .null_count()
        .sum_horizontal()
        .item()
    )


def test_sparse_faults_in_many_pieces(tmp_path, monkeypatch):
    """Faults far apart, in a file read in many pieces: each is found, and nothing else."""
    monkeypatch.setattr(json_files, "PIECE", 2000)
    tables = records()
    base = {k: v for k, v in tables["performance_metrics"][0].items() if k != "experiment_id"}
    rows = [
        {**base, "timestamp": f"2026-{1 + i // 500:02d}-01T{i % 24:02d}:{i % 500 // 24:02d}:00"}
        for i in range(3000)
    ]
    rows[700]["conversion_rate"] = -1
    rows[1400] = dict(rows[1399])
    rows[2100]["asset_id"] = "A9"
    rows[2999]["clicks"] = "many"
    tables["performance_metrics"] = rows
    result = validated(write(tmp_path, tables))
    assert broken(result, "row", "field", "rule") == [
        (701, "conversion_rate", "out_of_range"),
        (701, "conversion_rate", "rate_mismatch"),
        (1401, "asset_id + experiment_id + timestamp", "duplicate_key"),
        (2101, "asset_id", "orphan_key"),
        (3000, "clicks", "unreadable_value"),
    ]
    assert result.frames[Source.PERFORMANCE_METRICS].height == 2996


def test_failures_come_in_the_order_of_the_input(tmp_path):
    tables = records()
    for row in tables["performance_metrics"]:
        row["conversion_rate"] = 0.9
    tables["channels"][1]["cost_model"] = "per_fax"
    parts = tmp_path / "performance_metrics"
    parts.mkdir()
    rows = tables.pop("performance_metrics")
    for i in (0, 1):
        (parts / f"part-{i}.json").write_text(json.dumps(rows[i * 5 : i * 5 + 5]))
    result = validated(write(tmp_path, tables))
    assert broken(result, "file", "row")[0] == ("channels.json", 2)
    assert broken(result, "file", "row")[1:] == [
        (f"performance_metrics/part-{i}.json", row) for i in (0, 1) for row in range(1, 6)
    ]


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ({"orphan_keys": "warning"}, "did you mean 'orphan_key'"),
        ({"missing_required": "warning"}, "always an error"),
    ],
)
def test_a_severity_that_cannot_be(tmp_path, rules, words):
    with pytest.raises(SourceError, match=words):
        validated(write(tmp_path, records()), validation_severity=rules)


_MESSAGES = (
    ("campaigns", {"name": " "}, "name", "is absent, null or blank, and is required; write text"),
    (
        "campaigns",
        {"end_date": "2026-02-01"},
        "end_date 2026-02-01",
        "is before start_date 2026-03-01; swap them, or write an end_date on or after it",
    ),
    (
        "roi_ledger",
        {"net_roi": 500.0},
        "net_roi 500.0 is not estimated_value less llm_cost, human_review_cost and media_spend",
        "(441.5, to within 0.025); write that, or correct the part that is wrong",
    ),
    (
        "experiments",
        {"allocation": [0.5, 0.4]},
        "allocation [0.5, 0.4]",
        "sums to 0.9, not to 1 (to within 0.001); write the share of each arm, control first",
    ),
    (
        "experiments",
        {"allocation": [1.5, -0.5]},
        "allocation is [1.5, -0.5], which is out of range;",
        "write a list of numbers such as [0.5, 0.5] from 0 to 1",
    ),
)


@pytest.mark.parametrize(("source", "changes", "value", "mend"), _MESSAGES)
def test_a_message_gives_value_allowed_and_remedy(tmp_path, source, changes, value, mend):
    tables = records()
    tables[source][0] |= changes
    messages = validated(write(tmp_path, tables)).failures["message"]
    assert any(message.startswith(f"{value} {mend}") for message in messages)
