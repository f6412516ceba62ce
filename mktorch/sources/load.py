"""Files to raw frames: every record with its file and row, and what could not be read beside."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mktorch.sources.bulk.source import summed_source
from mktorch.sources.files import MissingError, parts, read_file, relative
from mktorch.sources.limits import limited
from mktorch.sources.raw import RawSource, missing, raw_source
from mktorch.sources.rules import SourceError
from mktorch.sources.schemas import SPECS, SourceSpec
from mktorch.sources.settled import SourcesConfig, settled
from mktorch.vocab import Source


def load(config: SourcesConfig) -> dict[Source, RawSource]:
    """Read all sources from `config.data_dir`, in `Source` order.

    Every frame has the declared columns and types, and `_file` and `_row` last; a sparse column
    only where a row has it. A missing optional source is an empty frame and a note.

    Raises
    ------
    SourceError
        Naming every file that cannot be read at all, and every required one that is missing.
    """
    folder = Path(config.data_dir)
    if not folder.is_dir():
        raise SourceError(f"{folder} is no folder; give the folder that holds the input files")
    loaded: dict[Source, RawSource] = {}
    problems: list[str] = []
    for source in SPECS:
        try:
            with limited(config.input_limits):
                loaded[source] = own_source(source, config, loaded)
        except SourceError as error:
            problems.append(str(error))
    if problems:
        raise SourceError("\n".join(problems))
    return loaded


def own_source(
    source: Source, config: SourcesConfig, loaded: Mapping[Source, RawSource]
) -> RawSource:
    """One source of the data folder: summed where it is if it is big, else read.

    `loaded` are the sources before it.

    Raises
    ------
    SourceError
        As `load_source`.
    """
    spec, folder, name = settled(source, config), Path(config.data_dir), config.file_of(source)
    summed = None
    if source == Source.PERFORMANCE_METRICS:
        campaigns = loaded[Source.CAMPAIGNS].frame if Source.CAMPAIGNS in loaded else None
        summed = summed_source(spec, folder, name, config, campaigns)
    return summed or load_source(spec, folder, name)


def load_source(spec: SourceSpec, folder: Path, name: str, *, fast: bool = True) -> RawSource:
    """Read one source from its file or its folder of parts.

    Raises
    ------
    SourceError
        Where a file cannot be read, or a required one is missing.
    """
    try:
        paths = parts(folder, name)
    except MissingError as error:
        return missing(spec, name, error)
    except OSError as error:
        raise SourceError(f"{folder / name} cannot be read ({error.strerror})") from None
    return raw_source(
        spec, [(relative(path, folder), read_file(path, spec, fast=fast)) for path in paths]
    )
