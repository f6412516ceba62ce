"""Settings of what reads big inputs, and of what is kept between runs; they change no figure."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from mktorch.vocab import EngineName


class ScaleRules(BaseModel):
    """Which engine sums performance records where they are, from how many on, and its cache."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    engine: EngineName = EngineName.POLARS
    """What sums Parquet records of performance: polars, duckdb, or spark (the extras of that
    name); docs/scale.md."""

    rows: int = Field(1_000_000, ge=0)
    """Records of performance in Parquet from which they are summed where they are, and only those
    in doubt are read; fewer are read and kept with the run."""

    spark_master: str = "local[*]"
    """Where Spark runs: local[*], spark://host:7077, or sc://host:15002 of Spark Connect."""

    cache: bool = True
    """Keep the sums of each part, so that a part seen before is not read again."""

    cache_dir: str = ""
    """Folder of what is kept; empty: mktorch in the user's own folder of caches."""

    cache_bytes: int = Field(2 << 30, ge=0)
    """Bytes that may be kept; beyond them what was used longest ago goes."""
