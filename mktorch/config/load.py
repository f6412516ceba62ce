"""Reading the configuration: layers of values, where each came from, what is wrong with them."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_settings import EnvSettingsSource, SettingsError

from mktorch.config.model import ENV_PREFIX, MarketingOrchestratorConfig, file_values, nearest
from mktorch.errors import MktorchError

DEFAULT_FILE = "mktorch.toml"
_UNREADABLE = re.compile(r'field "(\w+)"')


class ConfigError(MktorchError):
    """The configuration cannot be used; the message names field, value, source and remedy."""


def load_config(
    file: str | Path | None = None,
    overrides: Mapping[str, Any] | None = None,
    *,
    alone: bool = False,
) -> tuple[MarketingOrchestratorConfig, dict[str, str]]:
    """Read the configuration and say, per field, where its value came from.

    Parameters
    ----------
    file
        A TOML file. Without one, `mktorch.toml` in the current folder is read where it exists.
    overrides
        Arguments by field name; `None` values are left out. A dotted name sets one table entry.
    alone
        Whether `overrides` are all there is, as those of a run on disk: no file and no environment
        is read, so that no table of theirs is merged in.

    Returns
    -------
    The configuration, and field -> `default`, `file NAME`, `environment VARIABLE` or `argument`.

    Raises
    ------
    ConfigError
        For an unreadable file, an unknown field, a value not allowed, or thresholds out of order.
    """
    path = None if alone else _config_file(file)
    arguments = _nest({k: v for k, v in (overrides or {}).items() if v is not None})
    in_file = _read_toml(path) if path else {}
    _refuse_unknown(arguments, "argument")
    _refuse_unknown(in_file, f"file {path}")
    if not alone:
        _refuse_unknown_environment()
    environment = {} if alone else _environment()
    origins = {
        name: next(
            (
                label
                for held, label in (
                    (arguments, "argument"),
                    (environment, f"environment {_variable(name)}"),
                    (in_file, f"file {path.name if path else ''}"),
                )
                if name in held or (name == "llm_model" and _has_model(held))
            ),
            "default",
        )
        for name in MarketingOrchestratorConfig.model_fields
    }
    token = file_values.set(None if alone else in_file)
    try:
        return MarketingOrchestratorConfig(**arguments), origins
    except ValidationError as error:
        raise ConfigError(_explain(error, origins)) from None
    finally:
        file_values.reset(token)


def parse_set(pairs: Iterable[str]) -> dict[str, Any]:
    """Read `key=value` arguments; the value may be TOML (`3`, `true`, `[1, 2]`) or plain text.

    >>> parse_set(["window_days=14", "business_kpi_targets.roi_estimate=0.4", "currency=EUR"])
    {'window_days': 14, 'business_kpi_targets.roi_estimate': 0.4, 'currency': 'EUR'}
    """
    parsed: dict[str, Any] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals or not key.strip():
            raise ConfigError(f"--set {pair!r}: write it as key=value, such as window_days=14")
        try:
            value = tomllib.loads(f"value = {text}")["value"]
        except (tomllib.TOMLDecodeError, RecursionError):
            value = text
        parsed[key.strip()] = value
    return parsed


def _config_file(file: str | Path | None) -> Path | None:
    if file is None:
        found = Path(DEFAULT_FILE)
        return found if found.is_file() else None
    path = Path(file)
    if not path.is_file():
        raise ConfigError(f"config file {path} does not exist; give a TOML file, or none")
    return path


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError, RecursionError) as error:
        raise ConfigError(f"config file {path}: not readable as TOML: {error}") from None


def _environment() -> dict[str, Any]:
    """The settings that the environment gives, as far as they can be read."""
    try:
        return EnvSettingsSource(MarketingOrchestratorConfig)()
    except (SettingsError, RecursionError) as error:
        named = _UNREADABLE.search(str(error))
        ours = [name for name in os.environ if name.startswith(ENV_PREFIX)]
        longest = max(ours, key=lambda name: len(os.environ[name]))  # too deep to be named
        variable = f"{ENV_PREFIX}{named[1].upper()}" if named else longest
        raise ConfigError(
            f"{variable} (from environment): not readable as JSON; write a table as in "
            f"""{variable}='{{"name": 0.5}}'"""
        ) from None


def _nest(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Turn dotted names into tables: `{"a.b": 1}` -> `{"a": {"b": 1}}`."""
    nested: dict[str, Any] = {}
    for name, value in flat.items():
        head, dot, tail = name.partition(".")
        held = nested.get(head, {})
        if dot:
            if not isinstance(held, Mapping):
                raise ConfigError(f"{name}: {head} was given as a whole, too; give it one way")
            nested[head] = {**held, tail: value}
        else:
            nested[name] = value
    return nested


def _refuse_unknown(values: Mapping[str, Any], origin: str) -> None:
    known = MarketingOrchestratorConfig.model_fields
    problems = [
        f"{name}: unknown setting (from {origin}){nearest(name, known)}"
        for name in values
        if name not in known
    ]
    if problems:
        raise ConfigError("\n".join(problems))


def _refuse_unknown_environment() -> None:
    known = MarketingOrchestratorConfig.model_fields
    names = (v[len(ENV_PREFIX) :].lower() for v in os.environ if v.startswith(ENV_PREFIX))
    for name in sorted(names):
        if name.partition("__")[0] not in known:
            raise ConfigError(
                f"{ENV_PREFIX}{name.upper()}: unknown setting (from environment)"
                f"{nearest(name, known)}"
            )


def _has_model(held: Mapping[str, Any]) -> bool:
    return any(alias in held for alias in ("MKTORCH_LLM_MODEL", "LLM_MODEL"))


def _variable(name: str) -> str:
    if name == "llm_model" and f"{ENV_PREFIX}LLM_MODEL" not in os.environ:
        return "LLM_MODEL"
    return f"{ENV_PREFIX}{name.upper()}"


def _explain(error: ValidationError, origins: Mapping[str, str]) -> str:
    lines = []
    for problem in error.errors():
        field = str(problem["loc"][0]) if problem["loc"] else ""
        where = ".".join(str(part) for part in problem["loc"])
        message = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "extra_forbidden":
            message = f"unknown entry{nearest(str(problem['loc'][-1]), _entries(field))}"
        if field:
            lines.append(
                f"{where} = {problem['input']!r} (from {origins.get(field, 'argument')}): {message}"
            )
        else:
            lines.append(message)
    return "\n".join(lines)


def _entries(field: str) -> list[str]:
    """The known names within a table of settings."""
    table = MarketingOrchestratorConfig.model_fields[field].annotation
    return list(getattr(table, "model_fields", {}))
