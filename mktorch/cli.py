"""The `mktorch` command. Results go to stdout, messages to stderr.

Exit code: 0 done; 1 done with findings (failed records or steps); 2 could not do it; 70 an error
that was not foreseen; 130 and 143 stopped by Ctrl-C or SIGTERM.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mktorch import past, stops
from mktorch.ending import DONE, FINDINGS, helpful_errors, say
from mktorch.options import ConfigFile, Json, Out, RunName, Settings, found, load_config, parse_set
from mktorch.screen import plain
from mktorch.version import __version__
from mktorch.vocab import FailureSeverity, PageSize, Renderer

if TYPE_CHECKING:
    import polars as pl

    from mktorch.config import MarketingOrchestratorConfig

app = typer.Typer(
    name="mktorch",
    help="Marketing records into governed decisions and board-ready reports.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

Data = Annotated[Path | None, typer.Argument(help="Folder of the thirteen sources.")]
RunFolder = Annotated[Path | None, typer.Argument(help="A run's folder; default, the latest run.")]
AsOf = Annotated[str | None, typer.Option(help="Look from this moment: date or timestamp.")]
Campaign = Annotated[str | None, typer.Option(help="Restrict to this campaign id.")]


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        typer.echo(f"mktorch {__version__}")
        raise typer.Exit(DONE)


@app.command()
def run(
    data: Data = None,
    out: Out = None,
    campaign: Campaign = None,
    config: ConfigFile = None,
    settings: Settings = None,
    as_of: AsOf = None,
    engine: Annotated[
        str | None, typer.Option(help="What sums big Parquet inputs: polars, duckdb, spark.")
    ] = None,
    cache: Annotated[
        bool, typer.Option("--cache/--no-cache", help="Use sums kept of parts seen before.")
    ] = True,
    as_json: Json = False,
) -> None:
    """Analyze the records and write a run; print its folder."""
    with helpful_errors():
        from mktorch.pipeline import run_configured

        settings = list(settings or ())
        settings += [] if engine is None else [f"scale.engine={engine}"]
        settings += [] if cache else ["scale.cache=false"]

        places = {"data_dir": data, "runs_dir": out}
        given = {name: str(place) for name, place in places.items() if place is not None}
        given |= {} if as_of is None else {"as_of": as_of}
        done = run_configured(*load_config(config, {**parse_set(settings), **given}), campaign)
        say(past.summary(done))
        _say_set_aside(done.tables["set_aside"], done.tables["set_aside_total"], done.config)
        typer.echo(json.dumps(past.facts(done), indent=2) if as_json else str(done.path))
        raise typer.Exit(DONE if done.ok else FINDINGS)


@app.command()
def report(
    run_folder: RunFolder = None,
    to: Annotated[str, typer.Option(help="Formats, comma-separated.")] = "html,pdf",
    renderer: Annotated[Renderer, typer.Option(help="Which renderer.")] = Renderer.AUTO,
    documents: Annotated[
        str | None, typer.Option(help="Documents by name, comma-separated; default, all.")
    ] = None,
    campaign: Annotated[
        list[str] | None,
        typer.Option(
            help="Render this campaign's deep dive, alone or beside --documents; may be repeated."
        ),
    ] = None,
    out: Out = None,
    config: ConfigFile = None,
) -> None:
    """Render a run's pack into HTML and PDF; print the files made."""
    with helpful_errors():
        from mktorch.render import choose, render
        from mktorch.render.progress import shown, summary
        from mktorch.runs import latest, load_run

        settings, _ = load_config(config)
        done = load_run(run_folder or latest(settings.runs_dir))
        if not done.config.enable_reporting:
            say("Nothing rendered: this run has enable_reporting = false.")
            raise typer.Exit(DONE)
        folder = out or Path(settings.reports_dir) / done.run_id
        choice = choose(renderer)
        say(f"Rendering with {choice.words}.")
        started = perf_counter()
        with shown(sys.stderr, settings.enable_progress_tracking) as progress:
            made = render(
                done.path,
                to=_names(to),
                renderer=choice.renderer,
                documents=None if documents is None else _names(documents),
                campaign=campaign,
                out=folder,
                progress=progress,
            )
        for line in summary(made, perf_counter() - started):
            say(line)
        for file in made:
            typer.echo(str(file.path))


@app.command()
def explain(
    run_folder: RunName,
    figure: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="A recommendation, ground, gate, risk or KPI; a figure's id; table.column.key.",
        ),
    ],
    rows: Annotated[bool, typer.Option("--rows", help="Print the records behind it.")] = False,
    save: Annotated[
        Path | None, typer.Option("--save", help="Write all these records to this CSV file.")
    ] = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Print where a figure comes from: definition, sums, rows, settings, down to the records."""
    with helpful_errors():
        from mktorch.explain import explain as explained
        from mktorch.explain import records
        from mktorch.runs import load_run

        told = explained(load_run(found(run_folder, config)), figure)
        typer.echo(json.dumps(told.as_json(), indent=2) if as_json else str(told))
        for line in records.printed(told) if rows else ():
            typer.echo(line)
        for file in records.save(told, save) if save else ():
            say(f"Records in {file}")


@app.command()
def validate(
    data: Data = None,
    config: ConfigFile = None,
    settings: Settings = None,
    with_totals: Annotated[
        bool, typer.Option("--totals", help="Prove the sums: file = accepted + set aside.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Check the records and list every failure with file, row, field and rule."""
    with helpful_errors():
        from mktorch.pipeline import check
        from mktorch.sources.totals import total_lines

        given = {} if data is None else {"data_dir": str(data)}
        configured, _ = load_config(config, {**parse_set(settings or ()), **given})
        found = check(configured)
        errors = found.failures.filter(severity=str(FailureSeverity.ERROR)).height
        if as_json:
            typer.echo(json.dumps(found.as_json(), indent=2, default=str))
        else:
            for line in found.lines():
                typer.echo(plain(line))
            for line in total_lines(found.totals) if with_totals else ():
                typer.echo(plain(line))
        say(
            f"{found.rows:,} records read from {configured.data_dir}: {errors:,} errors, "
            f"{found.failures.height - errors:,} warnings, {found.differing:,} figures that differ"
        )
        _say_set_aside(found.set_aside, found.set_aside_total, configured)
        if found.problem:
            say(f"No run can be made of them: {found.problem}")
        raise typer.Exit(FINDINGS if errors or found.problem else DONE)


@app.command()
def sources(
    data: Data = None,
    config: ConfigFile = None,
    settings: Settings = None,
    suggest: Annotated[
        Path | None,
        typer.Option(help="Propose a mapping for this table, into the settings as comments."),
    ] = None,
    presets: Annotated[bool, typer.Option(help="List the layouts that are known.")] = False,
    as_json: Json = False,
) -> None:
    """Show where each source comes from, what of it is there, its first rows and totals."""
    with helpful_errors():
        from mktorch.connect.overview import overview
        from mktorch.connect.presets import listed
        from mktorch.connect.suggest import note
        from mktorch.connect.suggest import suggest as propose
        from mktorch.ingest import raw

        if presets:
            known = listed()
            lines = [f"{name:24}{title}" for name, title in known.items()]
            typer.echo(json.dumps(known, indent=2) if as_json else "\n".join(lines))
        elif suggest:
            proposed = propose(suggest)
            typer.echo(json.dumps(proposed.as_json(), indent=2) if as_json else proposed.toml())
            if not as_json:
                from mktorch.config.load import DEFAULT_FILE

                say(note(proposed, config or Path(DEFAULT_FILE)))
        else:
            given = {"data_dir": None if data is None else str(data), **parse_set(settings or ())}
            configured, _ = load_config(config, given)
            found = overview(raw(configured, None))
            if as_json:
                typer.echo(json.dumps([each.as_json() for each in found], indent=2, default=str))
            else:
                typer.echo("\n".join(line for each in found for line in each.lines()))
        raise typer.Exit(DONE)


@app.command()
def schema(
    of: Annotated[str, typer.Argument(help="config, state, or a source; all without one.")] = "",
) -> None:
    """Print JSON Schema: of the settings, of the state, of each source."""
    with helpful_errors():
        from mktorch.contract import contract

        typer.echo(json.dumps(contract(of), indent=2, ensure_ascii=False))


@app.command()
def publish(
    site: Annotated[Path, typer.Argument(help="Folder of the site.")],
    run_folder: Annotated[
        Path | None, typer.Option("--run", help="A run's folder; default, the latest run.")
    ] = None,
    pack: Annotated[Path | None, typer.Option(help="The pack's folder.")] = None,
    config: ConfigFile = None,
) -> None:
    """Add a run's pack to a static site, with an index of all packs; nothing is sent anywhere."""
    with helpful_errors():
        from mktorch.runs import latest, load_run
        from mktorch.site import publish as add

        settings, _ = load_config(config)
        done = load_run(run_folder or latest(settings.runs_dir))
        typer.echo(str(add(done, pack or Path(settings.reports_dir) / done.run_id, site)))


@app.command()
def synth(
    folder: Annotated[Path, typer.Argument(help="Folder to write the sources to.")],
    rows: Annotated[int | None, typer.Option(help="Rows of performance_metrics.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the generator.")] = None,
    campaigns: Annotated[int | None, typer.Option(help="Number of campaigns.")] = None,
    format_: Annotated[
        str | None, typer.Option("--format", help="Of performance_metrics: json, ndjson, parquet.")
    ] = None,
) -> None:
    """Write a synthetic data set with known truth beside it."""
    with helpful_errors():
        from mktorch.synth import synth as write

        given = {"rows": rows, "seed": seed, "campaigns": campaigns, "format": format_}
        chosen: dict[str, Any] = {k: value for k, value in given.items() if value is not None}
        write(folder, **chosen)
        typer.echo(str(folder))


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Folder to set up.")],
    company: Annotated[str, typer.Option(help="Name on the reports.")] = "",
    currency: Annotated[str, typer.Option(help="ISO 4217 code.")] = "USD",
    locale: Annotated[str, typer.Option(help="How numbers and dates are written.")] = "en_US",
    page_size: Annotated[PageSize, typer.Option(help="Paper of the PDF.")] = PageSize.A4,
    primary: Annotated[str, typer.Option(help="Color of headings, #rrggbb.")] = "",
    logo: Annotated[Path | None, typer.Option(help="SVG, PNG or JPEG file.")] = None,
    sample: Annotated[bool, typer.Option("--sample", help="Put sample records into it.")] = False,
) -> None:
    """Set up a folder of one's own: settings, house style, documents, a place for the records."""
    with helpful_errors():
        from mktorch.project import House
        from mktorch.project import init as set_up

        house = House(
            company=company,
            currency=currency,
            locale=locale,
            page_size=page_size,
            primary=primary,
            logo=logo,
        )
        for file in set_up(folder, house, sample=sample):
            typer.echo(str(file))
        where = (
            f"cd {folder}" if sample else f"Put your records into {folder / 'data'}; cd {folder}"
        )
        say(f"{where} && make report")


for _command in (past.runs, past.diff, past.whatif, past.verify):
    app.command()(_command)


def main() -> None:
    """Entry point of the `mktorch` command."""
    stops.listen()
    try:
        with helpful_errors():
            app()
    except typer.Exit as ended:
        raise SystemExit(ended.exit_code) from None
    finally:
        stops.unlisten()


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _say_set_aside(
    by_rule: pl.DataFrame, total: pl.DataFrame, config: MarketingOrchestratorConfig
) -> None:
    """The line of what was set aside, in money; nothing where nothing was."""
    from mktorch.narrative.templates import locale_of
    from mktorch.sources.set_aside import set_aside_line

    said = set_aside_line(by_rule, total, locale_of(config))
    if said:
        say(said)
