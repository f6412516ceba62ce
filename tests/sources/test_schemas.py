"""The declarations agree with each other and with the data dictionary."""

from __future__ import annotations

import dataframely as dy
import polars as pl
import pytest

from mktorch.sources import SPECS, frame_schema
from mktorch.sources.columns import metadata
from mktorch.vocab import Source

NO_FREE_WORDS = {"status", "stage", "severity", "method", "recommendation", "priority"}


def test_all_thirteen_sources_parents_first():
    assert list(SPECS) == list(Source)
    required = {source for source, spec in SPECS.items() if spec.required}
    assert required == {*list(Source)[:4], Source.PERFORMANCE_METRICS}
    order = list(Source)
    for source, spec in SPECS.items():
        assert all(order.index(key.parent) < order.index(source) for key in spec.foreign_keys)


@pytest.mark.parametrize("source", Source)
def test_keys_are_declared_columns(source):
    spec = SPECS[source]
    assert set(spec.key) <= set(spec.columns)
    assert not spec.columns[spec.key[0]].nullable
    for key in spec.foreign_keys:
        assert key.column in spec.columns
        assert SPECS[key.parent].key == (key.parent_column,)


@pytest.mark.parametrize("source", Source)
def test_every_column_of_a_parents_name_is_a_foreign_key(source):
    spec = SPECS[source]
    parents = {SPECS[s].key[0] for s in list(Source)[:5]}
    named = {c for c in spec.columns if c in parents and c not in spec.key[:1]}
    assert named <= {key.column for key in spec.foreign_keys}


@pytest.mark.parametrize("source", Source)
def test_vocabularies_that_rules_read_are_closed(source):
    for name, column in SPECS[source].columns.items():
        if name in NO_FREE_WORDS:
            assert metadata(column, "closed")


@pytest.mark.parametrize("source", Source)
def test_types_are_those_of_the_frames(source):
    schema = frame_schema(source)
    assert list(schema)[-2:] == ["_file", "_row"]
    allowed = {pl.String, pl.Int64, pl.Float64, pl.Boolean, pl.Date, pl.Datetime("us")}
    lists = {pl.List(pl.String), pl.List(pl.Float64)}
    assert all(dtype in allowed | lists for dtype in schema.values())
    assert issubclass(SPECS[source].schema, dy.Schema)
