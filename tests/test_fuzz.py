"""Parquet files, manifests, states, settings and documents: read, or refused in a foreseen way."""

from __future__ import annotations

import io
import json
import os
import shutil
import string
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mktorch
from mktorch.config import load_config, parse_set
from mktorch.config.model import MarketingOrchestratorConfig
from mktorch.errors import MktorchError
from mktorch.past import summary
from mktorch.render.errors import RenderError
from mktorch.render.execute import _check_parameters
from mktorch.render.qmd import parse
from mktorch.runs import RunError, check_whole, stored_runs
from mktorch.sources import SourceError
from mktorch.sources.load import load_source
from mktorch.sources.schemas import SPECS
from mktorch.vocab import Source
from tests.sources.good import RECORDS

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "100"))
fuzzed = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
ROWS = 4
ODD: list[list[object]] = [
    [None] * ROWS, [1, 2, None, -1], [1.5, float("nan"), float("inf"), None],
    [True, False, None, True],
    ["", " ", "x", None], ["9" * 400, "1e999", "-0", "\U0010ffff"], [b"\xff", b"", b"\x00", None],
    [date(2026, 3, 1), date(1, 1, 1), date(9999, 12, 31), None],
    [datetime(2026, 3, 1), datetime(1, 1, 1), datetime(9999, 12, 31, 23), None],
    [timedelta(1), timedelta(-1), None, timedelta(0)], [time(1), time(0), None, time(23)],
    [Decimal("1.5"), Decimal("-0"), None, Decimal(99999999999)], [[], ["a"], None, [None]],
    [[1.0], [], [float("nan")], None], [{"a": 1}, {"a": None}, None, {"a": 2}],
    [[{"a": [1]}], [], None, [{"a": None}]],
]  # fmt: skip
KINDS = [
    None, pl.Int8, pl.UInt64, pl.Int128, pl.Float32, pl.Categorical, pl.Enum(["x", "", " "]),
    pl.Decimal(38, 2), pl.Datetime("ns", "UTC"), pl.Datetime("ms"), pl.Duration("us"), pl.Time,
    pl.Null, pl.Binary, pl.Boolean, pl.String, pl.Date,
]  # fmt: skip


def noise(data: st.DataObject, content: bytes) -> bytes:
    """The content with a few bytes changed, put in, left out, or the end cut off."""
    held = bytearray(content)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, max(len(held) - 1, 0)))
        held[place : place + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    return bytes(held[: data.draw(st.integers(0, len(held)))] if data.draw(st.booleans()) else held)


def foreseen(error: MktorchError) -> None:
    """An error says what is wrong; of an input or a run in one line."""
    assert str(error)
    assert len(str(error).splitlines()) == 1 or not isinstance(error, SourceError | RunError)


def parquet(frame: pl.DataFrame) -> bytes:
    file = io.BytesIO()
    frame.write_parquet(file)
    return file.getvalue()


def good(source: Source) -> pl.DataFrame:
    rows = [RECORDS[source][0]] * ROWS
    flat = [{k: json.dumps(v) if isinstance(v, dict) else v for k, v in r.items()} for r in rows]
    return pl.DataFrame(flat)


def load(folder: Path, source: Source, content: bytes) -> int | None:
    """Rows of the table that was read, None where it was refused in one line."""
    path = folder / f"{source}.parquet"
    path.write_bytes(content)
    try:
        made = load_source(SPECS[source], folder, path.name)
    except SourceError as error:
        foreseen(error)
        return None
    failed = made.failures.filter(severity="error")["row"].n_unique()
    assert made.frame.height >= failed
    return made.frame.height


@fuzzed
@given(data=st.data(), source=st.sampled_from(list(Source)))
def test_a_damaged_parquet_file_is_read_or_refused(tmp_path, data, source) -> None:
    load(tmp_path, source, noise(data, parquet(good(source))))


@fuzzed
@given(data=st.data(), source=st.sampled_from(list(Source)))
def test_columns_of_any_type_give_a_row_for_each_record(tmp_path, data, source) -> None:
    frame = good(source)
    name = data.draw(st.sampled_from([*SPECS[source].columns, "another"]))
    values = pl.Series(name, data.draw(st.sampled_from(ODD)), strict=False)
    kind = data.draw(st.sampled_from(KINDS))
    try:
        content = parquet(
            frame.with_columns(values if kind is None else values.cast(kind, strict=False))
        )
    except (pl.exceptions.PolarsError, OverflowError, TypeError):
        return  # no such column can be written
    assert load(tmp_path, source, content) in (ROWS, None)


@pytest.fixture(scope="module")
def folder(tiny_run, tmp_path_factory) -> Path:
    return shutil.copytree(tiny_run.path, tmp_path_factory.mktemp("runs") / tiny_run.run_id)


@fuzzed
@given(data=st.data(), name=st.sampled_from(["manifest.json", "state.json"]))
def test_a_damaged_run_is_listed_or_told_of(tiny_run, folder, data, name) -> None:
    whole = (tiny_run.path / name).read_bytes()
    (folder / name).write_bytes(noise(data, whole))
    try:
        run = mktorch.load_run(folder)
        summary(run)
        check_whole(run)
        dict(run.state)
    except RunError as error:
        foreseen(error)
    finally:
        found, broken = stored_runs(folder.parent)
        assert len(found) + len(broken) == 1
        (folder / name).write_bytes(whole)


FIELDS = list(MarketingOrchestratorConfig.model_fields)
SCALAR = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=9),
    st.sampled_from(["1e999", "9999-12-31", "0001-01-01", "{", "[1,", "nan", "\x00", "\ud800"]),
)  # fmt: skip
VALUE = st.recursive(
    SCALAR,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=4,
)
NAME = st.sampled_from(FIELDS) | st.text(string.ascii_letters + "_.", max_size=12)


def configured(**given: object) -> None:
    try:
        load_config(**given)
    except MktorchError as error:
        foreseen(error)


@fuzzed
@given(name=NAME, value=VALUE)
def test_any_setting_is_taken_or_refused(name, value) -> None:
    configured(overrides={name: value})


@fuzzed
@given(
    name=NAME, value=st.text(max_size=12) | SCALAR.map(repr) | VALUE.map(lambda v: json.dumps(v))
)
def test_any_argument_and_variable_is_taken_or_refused(name, value) -> None:
    try:
        configured(overrides=parse_set([f"{name}={value}"]))
    except MktorchError as error:
        foreseen(error)
    variable = f"MKTORCH_{name.upper()}"
    if (
        "\x00" in variable + value
        or "=" in variable
        or any("\ud800" <= c < "\ue000" for c in value)
    ):
        return  # no environment holds it
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(variable, value)
        configured()


@fuzzed
@given(data=st.data(), lines=st.lists(st.sampled_from(FIELDS) | st.text(max_size=9), max_size=4))
def test_any_file_of_settings_is_taken_or_refused(tmp_path, data, lines) -> None:
    text = "\n".join(f"{name} = {data.draw(st.text(max_size=9))}" for name in lines)
    text += data.draw(
        st.sampled_from(["", "\n[budget_rules]\nstale = 1", "\n[[x", "\nwindow_days = 7"])
    )
    (tmp_path / "a.toml").write_bytes(noise(data, text.encode("utf-8", "surrogatepass") or b"#"))
    configured(file=tmp_path / "a.toml")


DOCUMENT = (Path(__file__).parents[1] / "reports" / "index.qmd").read_bytes()
PIECES = [
    "```{python}", "```", "---", "#| label: x", "#| tags: [parameters]", "{{< include a.qmd >}}",
    "a = ''", "a: [", ":::", "~~~", "{{<", "title: x", "#| eval: maybe", "execute: {echo: 1}",
]  # fmt: skip
PARAMETER = st.sampled_from(["run_path", "campaign", "a"]) | st.text(max_size=5)


@fuzzed
@given(
    data=st.data(),
    lines=st.lists(st.sampled_from(PIECES) | st.text(max_size=9), max_size=9),
    parameters=st.dictionaries(PARAMETER, VALUE, max_size=2),
)
def test_any_document_and_parameters_are_read_or_refused(tmp_path, data, lines, parameters) -> None:
    path = tmp_path / "a.qmd"
    text = "\n".join(lines).encode("utf-8", "surrogatepass")
    path.write_bytes(noise(data, DOCUMENT) if data.draw(st.booleans()) else text)
    try:
        document = parse(path)
        declared = (c for c in document.cells if "parameters" in c.options.get("tags", ()))
        _check_parameters(document, next(declared, None), parameters)
    except RenderError as error:
        foreseen(error)
