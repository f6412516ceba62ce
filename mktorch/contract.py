"""JSON Schema of what programs exchange with mktorch: settings, state, records of sources."""

from __future__ import annotations

import difflib
from typing import Any

import dataframely as dy
import polars as pl
from pydantic import TypeAdapter

from mktorch.config import MarketingOrchestratorConfig
from mktorch.errors import MktorchError
from mktorch.sources.columns import bounds, expected, metadata
from mktorch.sources.schemas import SPECS
from mktorch.state import LOOKUPS, MarketingOrchestratorState
from mktorch.vocab import Source

_DRAFT = "https://json-schema.org/draft/2020-12/schema"


class ContractError(MktorchError):
    """There is no such contract; the message lists those there are."""


def contract(of: str = "") -> dict[str, Any]:
    """JSON Schema (2020-12) of `config`, `state` or a source; without a name all of them by name.

    >>> contract("channels")["items"]["required"]
    ['channel_id', 'type', 'platform']

    Raises
    ------
    ContractError
        For a name that has none.
    """
    known = ("config", "state", *map(str, Source))
    if not of:
        return {name: contract(name) for name in known}
    if of == "config":
        return {"$schema": _DRAFT, **MarketingOrchestratorConfig.model_json_schema(by_alias=False)}
    if of == "state":
        return {"$schema": _DRAFT, **_state()}
    if of not in known:
        near = difflib.get_close_matches(of, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"
        raise ContractError(f"{of!r} has no schema; {hint}")
    return _source(Source(of))


def _state() -> dict[str, Any]:
    """The state as `state.json` holds it: inputs and lookups refer to their tables."""
    schema = TypeAdapter(MarketingOrchestratorState).json_schema()
    for name in (*map(str, Source), *LOOKUPS):
        schema["properties"][name] = _REFERENCE
    return schema


_REFERENCE = {
    "type": "object",
    "description": "A table of the run and its number of rows",
    "properties": {"table": {"type": "string"}, "rows": {"type": "integer", "minimum": 0}},
    "required": ["table", "rows"],
}


def _source(source: Source) -> dict[str, Any]:
    columns = SPECS[source].columns
    return {
        "$schema": _DRAFT,
        "title": str(source),
        "description": f"Key: {', '.join(SPECS[source].key)}",
        "type": "array",
        "items": {
            "type": "object",
            "properties": {name: _property(column) for name, column in columns.items()},
            "required": [name for name, column in columns.items() if not column.nullable],
        },
    }


def _property(column: dy.Column) -> dict[str, Any]:
    if metadata(column, "json"):
        return {"description": expected(column)}
    kind = _type(column.dtype)
    least, most = bounds(column)
    if isinstance(column.dtype, pl.List):
        limits = {"items": _limited(_type(column.dtype.inner), least, most)}
        return {**_nullable({"type": "array"}, column), **limits, "description": expected(column)}
    stated = _nullable(_limited(kind, least, most), column)
    words = metadata(column, "words")
    if words and metadata(column, "closed"):
        stated["enum"] = [*words, *([None] if column.nullable else [])]
    return {**stated, "description": expected(column)}


def _type(dtype: Any) -> dict[str, Any]:
    if dtype.is_integer():
        return {"type": "integer"}
    if dtype.is_numeric():
        return {"type": "number"}
    if dtype == pl.Boolean:
        return {"type": "boolean"}
    if dtype == pl.Date:
        return {"type": "string", "format": "date"}
    return {"type": "string"}


def _limited(kind: dict[str, Any], least: Any, most: Any) -> dict[str, Any]:
    numeric = kind["type"] in {"integer", "number"}
    limits = {"minimum": least, "maximum": most} if numeric else {}
    return {**kind, **{name: value for name, value in limits.items() if value is not None}}


def _nullable(kind: dict[str, Any], column: dy.Column) -> dict[str, Any]:
    return {**kind, "type": [kind["type"], "null"]} if column.nullable else dict(kind)
