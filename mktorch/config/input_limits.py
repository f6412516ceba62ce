"""Settings of how much an input may hold, so that a small file cannot ask for all the memory."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class InputLimits(BaseModel):
    """What is refused before it is read; a refusal names the limit."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    files: int = Field(10_000, ge=1)
    """Parts that one source's folder may hold."""

    unpacked_bytes: int = Field(64 << 30, ge=1)
    """Bytes of one file once it is unpacked."""

    packed_ratio: int = Field(50, ge=1)
    """Unpacked bytes per packed one, beyond 64 MB; a row of Parquet counts as 32 bytes."""

    record_bytes: int = Field(16 << 20, ge=1)
    """Bytes of one record."""

    field_bytes: int = Field(1 << 20, ge=1)
    """Bytes of one text."""

    fields: int = Field(1_000, ge=1)
    """Fields of one file that its source does not have."""

    nesting: int = Field(100, ge=1, le=500)
    """Levels of lists and objects within one field."""

    failures: int = Field(500_000, ge=1)
    """Failures of one source: beyond them it is another file, or another format."""
