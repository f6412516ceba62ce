"""Settings of the OpenLineage events of a run: where they go; nowhere by default."""

from __future__ import annotations

from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator


class LineageEvents(BaseModel):
    """Events of a run, its job and its tables, for catalogs that read OpenLineage."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    url: str = ""
    """Server that is sent the events of each run, as http://localhost:5000; needs
    mktorch[openlineage]. Empty: none."""

    file: str = ""
    """File that the events are appended to, one a line; needs mktorch[openlineage]. Empty: none."""

    namespace: str = Field("mktorch", min_length=1)
    """Name under which the catalog holds job and tables."""

    api_key_variable: str = ""
    """Environment variable that holds the server's API key. Empty: none is sent."""

    timeout_seconds: float = Field(5.0, gt=0, le=600)
    """How long the server may take to answer."""

    @field_validator("url")
    @classmethod
    def _address(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValueError(f"{value!r} is no address; write one as http://localhost:5000")
        if parts.username or parts.password:
            raise ValueError("keep keys out of the address; name a variable in api_key_variable")
        return value
