"""Sums of parts kept between runs, by the part's hash and by what decides them.

A cache is a folder that runs share: a file is written beside and renamed in, what cannot be read is
made anew, and beyond the limit what was used longest ago goes.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from mktorch.config.scale_rules import ScaleRules
from mktorch.errors import is_failure
from mktorch.version import __version__


@dataclass(frozen=True)
class Cache:
    """A folder of sums, and the bytes it may hold; without a folder nothing is kept."""

    folder: Path | None
    limit: int = 0

    def holds(self, terms: str, size: int) -> bool:
        """Whether there are sums of a part of so many bytes, so that its hash is worth knowing."""
        return self.folder is not None and any(self._of(terms).glob(f"*-{size}.parquet"))

    def read(self, terms: str, sha256: str, size: int) -> pl.DataFrame | None:
        """The sums of a part, or None."""
        path = self._of(terms) / f"{sha256}-{size}.parquet"
        try:
            found = pl.read_parquet(path, glob=False)
            os.utime(path)
        except BaseException as error:
            if not is_failure(error):
                raise
            return None
        return found

    def write(self, terms: str, sha256: str, size: int, sums: pl.DataFrame) -> None:
        """Keep the sums of a part, as far as there is room; a cache that fails keeps nothing."""
        if self.folder is None:
            return
        place = self._of(terms)
        beside = place / f".{sha256}-{os.getpid()}"
        with suppress(OSError, pl.exceptions.PolarsError):
            place.mkdir(parents=True, exist_ok=True)
            sums.write_parquet(beside)
            beside.replace(place / f"{sha256}-{size}.parquet")
        with suppress(OSError):
            beside.unlink(missing_ok=True)

    def trim(self) -> None:
        """Remove what was used longest ago, until the rest is within the limit."""
        if self.folder is None:
            return
        held = sorted(self._held(), reverse=True)
        total = 0
        for _, size, path in held:
            total += size
            if total > self.limit:
                with suppress(OSError):
                    path.unlink()

    def _of(self, terms: str) -> Path:
        return (self.folder or Path()) / terms

    def _held(self) -> Iterator[tuple[int, int, Path]]:
        for path in (self.folder or Path()).glob("*/*.parquet"):
            with suppress(OSError):
                found = path.stat()
                yield found.st_mtime_ns, found.st_size, path


def cache_of(rules: ScaleRules) -> Cache:
    """The cache of the settings: their folder, else mktorch's among the user's caches."""
    if not rules.cache:
        return Cache(None)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Cache(Path(rules.cache_dir or Path(base) / "mktorch"), rules.cache_bytes)


def terms_of(*decisive: object) -> str:
    """A name for all that decides sums, beside a part's bytes."""
    return hashlib.sha256(repr((__version__, *decisive)).encode()).hexdigest()[:20]
