"""`render`: documents times formats, whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from mktorch.display.brand import BrandError
from mktorch.display.escape import slug
from mktorch.display.house import reports_dir
from mktorch.render.convert import convert
from mktorch.render.errors import RenderError
from mktorch.render.execute import kernel
from mktorch.render.markdown import to_markdown
from mktorch.render.qmd import parse
from mktorch.render.quarto import find_quarto, render_with_quarto
from mktorch.render.stage import Stage, outside_resources, staged
from mktorch.runs import Run, load_run
from mktorch.vocab import Renderer

# What a reader calls a format -> what Quarto calls it.
FORMATS = {"html": "html", "pdf": "typst"}

Engine = Callable[[Path, str], bytes]


@dataclass(frozen=True)
class Rendered:
    """One finished file."""

    document: str
    format: str
    path: Path
    bytes: int
    seconds: float


def documents() -> tuple[str, ...]:
    """The names of the documents in `reports/`, in order."""
    return tuple(sorted(p.stem for p in reports_dir().glob("[!_]*.qmd")))


def render(
    run_path: str | Path,
    to: Sequence[str] = ("html", "pdf"),
    renderer: str = Renderer.AUTO,
    campaign: str | None = None,
    out: str | Path | None = None,
) -> list[Rendered]:
    """Render a run's reports into `out` (default: the configured reports folder, by run id).

    Parameters
    ----------
    run_path
        A run's folder.
    to
        `html`, `pdf`, or both.
    renderer
        `quarto`, `embedded`, or `auto`: Quarto where it is found, else embedded.
    campaign
        A campaign to look at; the run must hold it.

    Returns
    -------
    One record per file: document, format, path, size, and the seconds its own rendering took.

    Raises
    ------
    RenderError
        Where a document cannot be rendered or written. Nothing is replaced then: the files of an
        earlier call stay as they were.
    """
    run = load_run(run_path)
    formats = _formats(to)
    _check_campaign(run, campaign)
    folder = Path(out) if out else Path(run.config.reports_dir) / run.run_id
    parameters = {"run_path": str(run.path.resolve()), "campaign": campaign or ""}
    suffix = f"-{slug(campaign)}" if campaign else ""
    try:
        with (
            _replacing(folder) as fresh,
            staged(run, campaign) as stage,
            _engine(renderer, run, parameters, stage) as engine,
        ):
            return [
                _write(engine, stage.reports / f"{name}.qmd", form, fresh, folder, suffix)
                for name in documents()
                for form in formats
            ]
    except BrandError as error:
        raise RenderError(str(error)) from None


@contextmanager
def _engine(renderer: str, run: Run, parameters: dict[str, Any], stage: Stage) -> Iterator[Engine]:
    """The renderer that is wanted and there, as one function from document and format to bytes."""
    try:
        wanted = Renderer(renderer)
    except ValueError:
        known = ", ".join(Renderer)
        raise RenderError(f"renderer {renderer!r} is unknown; allowed: {known}") from None
    quarto = None if wanted == Renderer.EMBEDDED else find_quarto()
    if quarto:
        yield lambda path, form: render_with_quarto(
            quarto, path, form, parameters, stage, run.manifest.as_of
        )
        return
    if wanted == Renderer.QUARTO:
        raise RenderError(
            "Quarto was not found on PATH, in QUARTO_PATH or beside this Python; install it "
            "(pip install 'mktorch[quarto]'), or use the embedded renderer"
        )
    with kernel(stage.reports, stage.root / "execute-info.json") as running:

        def embedded(path: Path, form: str) -> bytes:
            document = parse(path)
            outputs = running.run(document, parameters, form)
            markdown = to_markdown(document, outputs, form, stage.reports / f"{path.stem}_files")
            return convert(document, markdown, form, stage, run.manifest.as_of)

        yield embedded


def _write(
    engine: Engine, source: Path, form: str, fresh: Path, folder: Path, suffix: str
) -> Rendered:
    started = perf_counter()
    content = engine(source, FORMATS[form])
    if form == "html":
        outside = outside_resources(content.decode())
        if outside:
            raise RenderError(f"{source.name}: the page would ask for {', '.join(outside)}")
    name = f"{source.stem}{suffix}.{form}"
    (fresh / name).write_bytes(content)
    return Rendered(source.stem, form, folder / name, len(content), perf_counter() - started)


@contextmanager
def _replacing(folder: Path) -> Iterator[Path]:
    """A folder to write to whose files are moved into `folder` once all of them are there."""
    fresh = folder / f".partial-{os.getpid()}"
    try:
        fresh.mkdir(parents=True, exist_ok=True)
        yield fresh
        for file in sorted(fresh.iterdir()):
            file.replace(folder / file.name)
    except OSError as error:
        raise RenderError(
            f"{folder}: cannot be written ({error.strerror or error}); "
            "choose another place with --out"
        ) from None
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _formats(to: Sequence[str]) -> tuple[str, ...]:
    wanted = (to,) if isinstance(to, str) else tuple(to)
    for name in wanted:
        if name not in FORMATS:
            raise RenderError(f"format {name!r} is unknown; allowed: {', '.join(FORMATS)}")
    if not wanted:
        raise RenderError(f"no format given; allowed: {', '.join(FORMATS)}")
    return tuple(dict.fromkeys(wanted))


def _check_campaign(run: Run, campaign: str | None) -> None:
    known = run.tables["campaigns"]["campaign_id"].sort().to_list()
    if campaign and campaign not in known:
        raise RenderError(
            f"campaign {campaign!r} is not in run {run.run_id}; it holds: {', '.join(known)}"
        )
