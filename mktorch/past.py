"""The commands that look at runs on disk: which, what differs, what would, do they still hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mktorch.ending import DONE, FINDINGS, helpful_errors, say
from mktorch.options import ConfigFile, Json, Out, RunName, Settings, found, load_config, parse_set
from mktorch.screen import plain

if TYPE_CHECKING:
    from mktorch.runs import Run


def runs(config: ConfigFile = None, out: Out = None, as_json: Json = False) -> None:
    """List the runs on disk, newest last."""
    with helpful_errors():
        from mktorch.folders import sweep
        from mktorch.runs import stored_runs

        settings, _ = load_config(config)
        root = out or Path(settings.runs_dir)
        sweep(root)
        held, broken = stored_runs(root)
        if as_json:
            typer.echo(json.dumps([facts(r) for r in held], indent=2))
        else:
            for each in held:
                typer.echo(f"{each.path}  {summary(each)}")
        for error in broken:
            say(f"mktorch: {error}")
        if not (held or broken):
            say(f"No runs in {root}.")
        raise typer.Exit(FINDINGS if broken else DONE)


def diff(
    before: RunName,
    after: Annotated[Path, typer.Argument(metavar="OTHER", help="The run to compare it with.")],
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Print what differs between two runs: inputs, settings, figures, decisions."""
    with helpful_errors():
        from mktorch.history import difference
        from mktorch.runs import load_run

        told = difference(load_run(found(before, config)), load_run(found(after, config)))
        for line in [json.dumps(told.as_json(), indent=2)] if as_json else told.lines():
            typer.echo(line)
        if told.is_empty:
            say(f"{told.before} and {told.after} do not differ.")


def whatif(
    run: RunName,
    settings: Settings = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Print what a run would decide under other settings, without reading its records again."""
    with helpful_errors():
        from mktorch.runs import load_run
        from mktorch.whatif import whatif as decide

        told = decide(load_run(found(run, config)), parse_set(settings or ()))
        for line in [json.dumps(told.as_json(), indent=2)] if as_json else told.lines():
            typer.echo(line)
        if told.decisions.is_empty():
            say("No decision changes.")


def verify(
    run: RunName,
    seal: Annotated[bool, typer.Option("--seal", help="Seal all runs beside it, too.")] = False,
    config: ConfigFile = None,
) -> None:
    """Check a run's manifest, files, inputs and seal, and make it again to compare."""
    with helpful_errors():
        from mktorch.runs import load_run
        from mktorch.verify import seal as seal_all
        from mktorch.verify import verify as check

        done = load_run(found(run, config))
        problems = check(done)
        for problem in problems:
            typer.echo(plain(problem))
        if not problems:
            say(f"{done.run_id}: manifest, tables, state and inputs match; made again, the same.")
            if seal:
                say(f"{seal_all(done.path.parent)} runs sealed.")
        raise typer.Exit(FINDINGS if problems else DONE)


def summary(done: Run) -> str:
    """A run in one line."""
    failed = sum(record.failed for record in done.manifest.inputs)
    rows = sum(record.rows for record in done.manifest.inputs)
    parts = [f"as of {done.manifest.as_of:%Y-%m-%d %H:%M}", f"{rows:,} records"]
    parts += [f"{failed:,} set apart (see failures.parquet)"] if failed else []
    parts += [f"{len(done.manifest.errors)} failed steps"] if done.manifest.errors else []
    return ", ".join(parts)


def facts(done: Run) -> dict[str, Any]:
    """A run for programs."""
    return {
        "run_id": done.run_id,
        "path": str(done.path),
        "as_of": done.manifest.as_of.isoformat(),
        "campaign_id": done.manifest.campaign_id,
        "records": sum(record.rows for record in done.manifest.inputs),
        "failed": sum(record.failed for record in done.manifest.inputs),
        "errors": done.manifest.errors,
    }
