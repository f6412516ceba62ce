"""What several commands take: their options, and the settings behind them.

The settings are read by what is imported when a command needs it, so that help is quick.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from mktorch.config import MarketingOrchestratorConfig

ConfigFile = Annotated[Path | None, typer.Option("--config", help="TOML file of settings.")]
Settings = Annotated[
    list[str] | None, typer.Option("--set", help="One setting, as key=value; may be repeated.")
]
Out = Annotated[Path | None, typer.Option(help="Folder to write to.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]
RunName = Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder, or its id.")]


def load_config(
    file: Path | None, given: dict[str, Any] | None = None
) -> tuple[MarketingOrchestratorConfig, dict[str, str]]:
    """The settings, and where each comes from; see `mktorch.config.load_config`."""
    from mktorch import config

    return config.load_config(file, given)


def parse_set(settings: list[str] | tuple[()]) -> dict[str, Any]:
    """What `--set` gives; see `mktorch.config.parse_set`."""
    from mktorch import config

    return config.parse_set(settings)


def found(run: Path, config: Path | None) -> Path:
    """The folder of a run that is named by its folder or by its id."""
    named = Path(load_config(config)[0].runs_dir) / run
    return run if run.is_dir() or not named.is_dir() else named
