"""`render`: the pages of a run in every format, whole or not at all."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from time import perf_counter

from polars.exceptions import PolarsError
from xlsxwriter.exceptions import FileCreateError

from mktorch import stops
from mktorch.display.brand import BrandError
from mktorch.display.contents import SOURCES, WORKBOOK
from mktorch.errors import in_a_line
from mktorch.exports import write_exports
from mktorch.render.choose import choose
from mktorch.render.embedded import Embedded
from mktorch.render.engine import Converter, Engine, engine
from mktorch.render.errors import RenderError
from mktorch.render.halt import Halt
from mktorch.render.pages import Page, pages
from mktorch.render.publish import publish, workshop
from mktorch.render.quarto import Quarto
from mktorch.render.stage import outside_resources, staged
from mktorch.render.workers import render_pages, worker_count
from mktorch.runs import Run, check_whole, load_run
from mktorch.vocab import Renderer

# What a reader calls a format -> what Quarto calls it.
FORMATS = {"html": "html", "pdf": "typst"}

# Writes further files of a whole pack into the folder it is given (as `exports/name.csv`) and
# returns them; they are published, replaced and removed together with the pages.
Writer = Callable[[Run, Path], Iterable[Path]]
WRITERS: tuple[Writer, ...] = (write_exports,)

_PDF_PAGE = re.compile(rb"/Type\s*/Page\b")


@dataclass(frozen=True)
class Rendered:
    """One finished file. `pages` counts a PDF's sheets; `campaign` is empty for the whole run.

    `seconds` are those of its conversion and its share of the document's execution.
    """

    document: str
    format: str
    path: Path
    bytes: int
    seconds: float
    campaign: str = ""
    pages: int | None = None


@dataclass(frozen=True)
class Progress:
    """How far a render is: the file just finished, and how many of how many are."""

    file: str
    done: int
    total: int


def render(
    run_path: str | Path,
    to: Sequence[str] = ("html", "pdf"),
    renderer: str = Renderer.AUTO,
    campaign: str | Sequence[str] | None = None,
    out: str | Path | None = None,
    *,
    documents: Sequence[str] | None = None,
    workers: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> list[Rendered]:
    """Render a run's pack into `out` (default: the configured reports folder, by run id).

    A pack has the deep dives of the `max_deep_dives` campaigns with most at stake.

    Parameters
    ----------
    run_path
        A run's folder.
    to
        `html`, `pdf`, or both.
    renderer
        `quarto`, `embedded`, or `auto`: Quarto where it is found, else embedded.
    campaign
        Render the deep dives of this campaign or these: alone, or beside the documents named.
    documents
        Render these alone, by name; `campaign` stands for the deep dives.
    workers
        How many pages to make side by side; default, one per processor, at most four.
    progress
        Is told of every file that is finished, one at a time, from whichever thread made it.

    Returns
    -------
    One record per file, in the order of the documents: document, format, path, size, seconds.

    Raises
    ------
    RunError
        Where the run is not whole, or not as it was written.
    RenderError
        Where a document cannot be rendered or written. Nothing is replaced then: the pack of an
        earlier call stays as it was.
    """
    run = load_run(run_path)
    check_whole(run)
    formats = _formats(to)
    folder = Path(out) if out else Path(run.config.reports_dir) / run.run_id
    asked = (campaign,) if isinstance(campaign, str) else tuple(campaign or ())
    whole = documents is None and not asked
    halt = Halt()
    try:
        wanted = pages(run, documents, asked)
        names = [f"{page.name}.{form}" for page in wanted for form in formats]
        beside = [SOURCES, WORKBOOK] if whole and WRITERS else []
        opened = _opener(renderer, run, [*names, *beside], halt)
        with _told(folder), workshop(folder) as place:
            new = place / "new"
            made = render_pages(
                wanted,
                [FORMATS[form] for form in formats],
                opened,
                _saver(new, folder, progress, len(names)),
                worker_count(len(wanted), workers),
                halt,
            )
            # After the pages, whose kernels hold much memory and every processor.
            more = _written(run, new, folder) if whole else []
            stops.check()
            publish(place, folder, run.run_id, _facts([*made, *more], folder), whole)
            return [*made, *more]
    except BrandError as error:
        raise RenderError(str(error)) from None


def _opener(
    renderer: str, run: Run, names: Sequence[str], halt: Halt
) -> Callable[[], AbstractContextManager[Engine]]:
    """What opens the chosen renderer in a staged project of its own."""
    quarto = choose(renderer).quarto
    as_of = run.manifest.as_of

    @contextmanager
    def open_engine() -> Iterator[Engine]:
        with staged(run, names) as stage:
            converter: Converter = Embedded(stage, as_of)
            if quarto:
                converter = Quarto(quarto, stage, as_of, halt)
            with engine(stage, converter, halt) as opened:
                yield opened

    return open_engine


def _saver(
    new: Path, folder: Path, progress: Callable[[Progress], None] | None, total: int
) -> Callable[[Page, str, bytes, float], Rendered]:
    """What checks and writes a finished file into `new`, to be published in `folder`."""
    suffixes = {quarto: form for form, quarto in FORMATS.items()}
    lock = Lock()
    names: list[str] = []

    def save(page: Page, form: str, content: bytes, seconds: float) -> Rendered:
        if form == "html":
            outside = outside_resources(content.decode())
            if outside:
                raise RenderError(f"{page.document}.qmd: the page would ask for {outside[0]}")
        name = f"{page.name}.{suffixes[form]}"
        (new / name).write_bytes(content)
        with lock:
            names.append(name)
            if progress:
                progress(Progress(name, len(names), total))
        sheets = len(_PDF_PAGE.findall(content)) or None if form == "typst" else None
        where = folder / name
        return Rendered(
            page.document, suffixes[form], where, len(content), seconds, page.campaign, sheets
        )

    return save


def _written(run: Run, new: Path, folder: Path) -> list[Rendered]:
    """What the further writers put into `new`."""
    made: list[Rendered] = []
    for writer in WRITERS:
        started = perf_counter()
        files = list(writer(run, new))
        seconds = (perf_counter() - started) / max(1, len(files))
        made += [
            Rendered(
                file.stem,
                file.suffix.removeprefix("."),
                folder / file.relative_to(new),
                file.stat().st_size,
                seconds,
            )
            for file in files
        ]
    return made


def _facts(made: Sequence[Rendered], folder: Path) -> dict[str, dict[str, str]]:
    """File within the pack -> what `pack.json` says of it."""
    return {
        one.path.relative_to(folder).as_posix(): {
            "document": one.document,
            "campaign": one.campaign,
            "format": one.format,
        }
        for one in made
    }


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    """Say where it was that the disk refused."""
    try:
        yield
    except (OSError, PolarsError, FileCreateError) as error:
        raise RenderError(
            f"{folder}: cannot be written ({in_a_line(error)}); choose another place with --out"
        ) from None


def _formats(to: Sequence[str]) -> tuple[str, ...]:
    wanted = (to,) if isinstance(to, str) else tuple(to)
    for name in wanted:
        if name not in FORMATS:
            raise RenderError(f"format {name!r} is unknown; allowed: {', '.join(FORMATS)}")
    if not wanted:
        raise RenderError(f"no format given; allowed: {', '.join(FORMATS)}")
    return tuple(dict.fromkeys(wanted))
