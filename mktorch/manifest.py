"""The manifest of a run: inputs, settings, steps and tables, and the id that follows of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from mktorch.vocab import StepStatus


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class InputRecord(_Record):
    """One input file: what was read and what of it stands."""

    source: str
    path: str
    sha256: str
    bytes: int
    rows: int
    valid: int
    failed: int


class StepRecord(_Record):
    """One executed step of the plan; `seconds` is measured."""

    name: str
    description: str
    status: StepStatus
    seconds: float
    error: str | None = None


class TableRecord(_Record):
    rows: int
    sha256: str


class ScanRecord(_Record):
    """Performance records that were summed where they are: of which parts, and which of them.

    `rows` of the parts are in the run's figures, beside those of its table: records of known assets
    up to `as_of`, without the assets' days of `drawn.parquet`, whose records were read.
    """

    rows: int
    parts: list[str]
    as_of: datetime | None = None


class ModelUsage(_Record):
    """Calls to the language model during the run; `cost` in the run's currency."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0
    seconds: float = 0.0


class Manifest(_Record):
    """Where every figure of a run comes from."""

    run_id: str
    version: str
    as_of: datetime
    campaign_id: str | None = None
    inputs: list[InputRecord]
    config: dict[str, Any]
    config_sources: dict[str, str]
    steps: list[StepRecord]
    tables: dict[str, TableRecord] = Field(default_factory=dict)
    scan: ScanRecord | None = None
    errors: list[str] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
    model_usage: ModelUsage = ModelUsage()
    state_sha256: str = ""
    digest: str = ""


def run_id(
    manifest_inputs: list[InputRecord],
    config: Mapping[str, Any],
    as_of: datetime,
    version: str,
    campaign_id: str | None,
) -> str:
    """The day and a hash of all that decides the results: inputs, config, version, as_of, scope."""
    identity = json.dumps(
        {
            "inputs": sorted((i.source, i.path, i.sha256) for i in manifest_inputs),
            "config": config,
            "as_of": as_of.isoformat(),
            "version": version,
            "campaign_id": campaign_id,
        },
        sort_keys=True,
    )
    return f"{as_of:%Y%m%d}-{hashlib.sha256(identity.encode()).hexdigest()[:10]}"


def digest_of(manifest: Manifest) -> str:
    """SHA-256 of all that a manifest says, but for the digest itself."""
    said = json.dumps(manifest.model_dump(mode="json", exclude={"digest"}), sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()


def file_hash(path: Path) -> str:
    """The file's SHA-256, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def manifest_text(manifest: Manifest) -> str:
    """A manifest as it is written."""
    return json_text(manifest.model_dump(mode="json"))


def json_text(content: Mapping[str, Any], indent: int | None = 2) -> str:
    """JSON as a run's files hold it."""
    return json.dumps(content, indent=indent, ensure_ascii=False, allow_nan=False) + "\n"
