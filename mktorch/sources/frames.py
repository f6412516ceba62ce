"""Frames that an analyst holds as sources: read by the rules that files are read by."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Mapping

import polars as pl

from mktorch.sources.files import FileRead
from mktorch.sources.raw import RawSource, missing, raw_source
from mktorch.sources.readers.parquet_files import from_frame
from mktorch.sources.rules import SourceError
from mktorch.sources.schemas import SPECS
from mktorch.sources.settled import SourcesConfig, settled
from mktorch.vocab import Source

_ROWS = 100_000  # hashed at a time, so that the text of a large frame never stands whole


def load_frames(frames: Mapping[str, object], config: SourcesConfig) -> dict[Source, RawSource]:
    """All sources from frames by source name, in `Source` order; an optional one may be absent.

    A frame is of Polars, pandas or anything that exports Arrow. Its rows are numbered from 1, its
    hash is of its columns by name and its rows in order, whatever library holds them; a failure
    names the frame where a file would be named.

    Raises
    ------
    SourceError
        For a name that is no source, a required one that is absent, or what is no frame.
    """
    problems = [
        f"{name!r} is no source{_near(name)}" for name in frames if name not in {*map(str, Source)}
    ]
    loaded: dict[Source, RawSource] = {}
    for source in SPECS:
        spec = settled(source, config)
        try:
            if source not in frames:
                loaded[source] = missing(
                    spec, f"{source} frame", SourceError(f"{source}: required; pass a frame")
                )
                continue
            frame = as_polars(frames[source], source)
        except SourceError as error:
            problems.append(str(error))
            continue
        digest, size = content(frame)
        read = FileRead(from_frame(frame, spec.columns), digest, size)
        loaded[source] = raw_source(spec, [(f"{source} (frame)", read)])
    if problems:
        raise SourceError("\n".join(problems))
    return loaded


def as_polars(frame: object, name: str) -> pl.DataFrame:
    """A frame of any library as one of Polars; the index of a pandas frame is left out.

    Raises
    ------
    SourceError
        Where it is no frame.
    """
    if isinstance(frame, pl.LazyFrame):
        return frame.collect()
    if isinstance(frame, pl.DataFrame):
        return frame
    try:
        if type(frame).__module__.partition(".")[0] == "pandas":
            return pl.DataFrame(pl.from_pandas(frame))
        if hasattr(frame, "__arrow_c_stream__"):
            return pl.DataFrame(frame)
    except (pl.exceptions.PolarsError, TypeError, ValueError) as error:
        raise SourceError(f"{name}: cannot be read as a frame ({error})") from None
    raise SourceError(
        f"{name}: {type(frame).__name__} is no frame; give one of Polars, pandas or Arrow"
    )


def content(frame: pl.DataFrame) -> tuple[str, int]:
    """SHA-256 and length of a frame's text: NDJSON, its columns in order of name.

    >>> content(pl.DataFrame({"a": [1], "b": [2]})) == content(pl.DataFrame({"b": [2], "a": [1]}))
    True
    """
    digest, size = hashlib.sha256(), 0
    ordered = frame.select(sorted(frame.columns))
    for part in ordered.iter_slices(_ROWS):
        text = part.write_ndjson().encode()
        digest.update(text)
        size += len(text)
    return digest.hexdigest(), size


def _near(name: str) -> str:
    near = difflib.get_close_matches(name, Source, n=1)
    return f"; did you mean '{near[0]}'?" if near else f"; known are {', '.join(Source)}"
