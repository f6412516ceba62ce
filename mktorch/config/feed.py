"""Where records come from: an export or a query, and how its columns become a source's fields."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


class Feed(BaseModel):
    """One table of one's own, read from files or a database.

    `from_` holds file names or patterns, relative to where the command runs, or one address of a
    database, then with `query`, which may take `timeout_seconds`. `preset` names a layout; else
    `columns` (field = expression) or `select` (a whole SELECT FROM export) say what the fields are.
    `where` keeps some rows. `constants` hold for every row that has no such field, as
    currency = "SEK". `decimal` and `day_format` ("%d/%m/%Y") say how numbers and days are written,
    where the export leaves it open.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    from_: Annotated[list[str], BeforeValidator(_listed)] = Field(alias="from", min_length=1)
    preset: str = ""
    query: str = ""
    columns: dict[str, str] = Field(default_factory=dict)
    select: str = ""
    where: str = ""
    constants: dict[str, Any] = Field(default_factory=dict)
    timeout_seconds: int = Field(600, ge=1)
    sheet: str = ""
    decimal: Literal["", ".", ","] = ""
    day_format: str = ""

    @property
    def database(self) -> str:
        """The address of a database, or nothing where the feed is of files."""
        first = self.from_[0]
        return first if "://" in first and not first.startswith("file:") else ""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.columns and self.select:
            raise ValueError("give columns or select, not both")
        if self.query and not self.database:
            raise ValueError("query is for a database; name one in from, as postgresql://host/db")
        if self.database and not self.query:
            raise ValueError('a database needs query = "SELECT ..."')
        if self.database and len(self.from_) > 1:
            raise ValueError("from may name one database, not several")
        return self


def feeds(value: object) -> object:
    """One feed, or a list of them, as a list."""
    return [value] if isinstance(value, dict | Feed) else value


Feeds = Annotated[list[Feed], BeforeValidator(feeds)]
