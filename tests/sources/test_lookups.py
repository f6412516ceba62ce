"""The eleven lookups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from mktorch.sources import Lookups, lookups
from mktorch.sources.lookups import Groups
from mktorch.vocab import Source
from tests.sources.good import records, validated, write


@pytest.fixture
def frames(tmp_path):
    tables = records()
    rows = tables["performance_metrics"]
    rows.reverse()
    rows[0].update(asset_id="A2", experiment_id=None)
    return validated(write(tmp_path, tables)).frames


def test_a_row_is_a_dict_of_declared_fields(frames):
    row = lookups(frames).channels_lookup["H2"]
    assert row == {
        "channel_id": "H2",
        "type": "email",
        "platform": "Post",
        "cost_model": "per_send",
        "avg_cost": 0.02,
    }


def test_all_are_mappings_of_their_tables_keys(frames):
    found = lookups(frames)
    sizes = {field.name: len(getattr(found, field.name)) for field in fields(Lookups)}
    assert sizes == {
        "campaigns_lookup": 3,
        "segments_lookup": 1,
        "channels_lookup": 2,
        "assets_lookup": 6,
        "experiments_lookup": 2,
        "metrics_by_asset": 2,
        "metrics_by_experiment": 1,
        "decisions_by_campaign": 1,
        "risks_by_campaign": 1,
        "budget_actions_by_campaign": 1,
        "segment_rollups_by_campaign": 1,
    }
    for field in fields(Lookups):
        lookup = getattr(found, field.name)
        assert isinstance(lookup, Mapping)
        assert all(key in lookup for key in lookup)
        assert "nobody" not in lookup
        assert lookup.get("nobody") is None


def test_a_group_holds_its_rows_in_order_of_time(frames):
    found = lookups(frames)
    metrics = frames[Source.PERFORMANCE_METRICS].drop("_file", "_row")
    for key, group in found.metrics_by_asset.items():
        assert_frame_equal(group, metrics.filter(asset_id=key).sort("timestamp"))
    assert found.metrics_by_experiment["E1"].height == 9  # the row without one is in no group
    assert found.metrics_by_experiment["E1"]["timestamp"].is_sorted()


def test_an_unknown_key_names_the_table_and_near_keys(frames):
    found = lookups(frames)
    with pytest.raises(KeyError, match="campaigns has no campaign_id 'C9'; near: C"):
        found.campaigns_lookup["C9"]
    with pytest.raises(KeyError, match="performance_metrics has no asset_id 'zzz'; 2 are known"):
        found.metrics_by_asset["zzz"]


def test_a_group_is_a_slice_of_one_frame():
    frame = pl.DataFrame({"asset_id": ["b", "a", "b"] * 1000, "t": range(3000)})
    groups = Groups(Source.PERFORMANCE_METRICS, "asset_id", frame, "t")
    whole = groups._frame["t"].to_numpy(allow_copy=False)
    for key in groups:
        assert np.shares_memory(groups[key]["t"].to_numpy(allow_copy=False), whole)


def test_empty_tables_have_no_keys(frames):
    empty = {source: frame.clear() for source, frame in frames.items()}
    found = lookups(empty)
    assert [len(getattr(found, field.name)) for field in fields(Lookups)] == [0] * 11
    with pytest.raises(KeyError):
        found.metrics_by_asset["A1"]
