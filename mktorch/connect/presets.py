"""Presets: the layout of an export as data, one TOML file each; users may bring their own."""

from __future__ import annotations

import re
import tomllib
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from mktorch.connect.errors import ConnectError
from mktorch.vocab import Source

_HERE = Path(__file__).parent / "presets"
_NAMES = re.compile(r"[a-z_]\w*")


class Kind(StrEnum):
    """What an export's column holds."""

    TEXT = "text"
    NUMBER = "number"
    DAY = "day"


def _spelled(value: object) -> object:
    return {"names": value} if isinstance(value, list) else value


class Column(BaseModel):
    """A column of an export: its spellings, with the platform's languages, and what it holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    names: list[str] = Field(min_length=1)
    kind: Kind = Kind.TEXT
    required: bool = False


class Preset(BaseModel):
    """The layout of an export, and the SELECT FROM export that makes each source of it.

    A column that the export may lack is null, or its constant. `drop` is true for rows that are no
    records, such as totals; `missing` lists texts that mean null; `decimal` and `day_format` say
    how numbers and days are written where that shall not be found out. `compute` adds columns, one
    after the other. Every SELECT gives `_at`, the row it comes from: `_at`, or `MIN(_at) AS _at`
    where it groups. What is not said is as in the preset `base`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    layout: str = ""
    missing: list[str] = Field(default_factory=list)
    drop: str = ""
    decimal: Literal["", ".", ","] = ""
    day_format: str = ""
    constants: dict[str, str] = Field(default_factory=dict)
    compute: dict[str, str] = Field(default_factory=dict)
    columns: dict[str, Annotated[Column, BeforeValidator(_spelled)]]
    select: dict[Source, str]

    def reads(self, source: Source) -> set[str]:
        """The columns that a source's SELECT names, and those that they are computed from."""
        named = set(_NAMES.findall(self.select.get(source, "")))
        for name, sql in reversed(self.compute.items()):
            if name in named:
                named |= set(_NAMES.findall(sql))
        return named & {*self.columns}

    def spellings(self) -> dict[str, str]:
        """Spelling, folded -> name of the column."""
        return {fold(s): name for name, column in self.columns.items() for s in column.names}


def fold(text: str) -> str:
    """A column's heading without case, spaces and marks at its ends, for comparison.

    >>> fold(" Impr. ") == fold("impr.")
    True
    """
    return " ".join(text.replace("\ufeff", "").replace("\xa0", " ").strip().casefold().split())


def names() -> list[str]:
    """The presets mktorch brings."""
    return sorted(p.stem for p in _HERE.glob("*.toml") if not p.stem.startswith("_"))


def listed() -> dict[str, str]:
    """Preset -> what it reads."""
    return {name: preset(name).title for name in names()}


def preset(name: str, folder: Path | None = None) -> Preset:
    """A preset by name, or by the path of a TOML file of one's own, relative to `folder`.

    Raises
    ------
    ConnectError
        Where there is no such preset, or its file cannot be used.
    """
    own = (folder or Path()) / name
    path = own if name.endswith(".toml") else _HERE / f"{name}.toml"
    if not path.is_file():
        raise ConnectError(
            f"preset {name!r} does not exist; known are {', '.join(names())}, "
            "or give the path of a .toml file of your own"
        )
    return _read(path)


@cache
def _read(path: Path) -> Preset:
    try:
        return Preset.model_validate(_declared(path))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConnectError(f"preset {path.name} cannot be read: {error}") from None
    except ValidationError as error:
        lines = (f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise ConnectError(f"preset {path.name}: " + "; ".join(lines)) from None


def _declared(path: Path) -> dict[str, object]:
    """A preset's text with that of its base below it; tables are merged entry by entry."""
    own = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    base = own.pop("base", None)
    if base is None:
        return own
    under = tomllib.loads((_HERE / f"{base}.toml").read_text(encoding="utf-8"))
    merged = {**under, **own}
    for name in ("columns", "constants", "select"):
        merged[name] = {**under.get(name, {}), **own.get(name, {})}
    # What a platform computes comes before what all of its kind do.
    merged["compute"] = {**own.get("compute", {}), **under.get("compute", {})}
    return merged
