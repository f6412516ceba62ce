"""Settings of time: the zone of the report, and the moment to look from."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from pydantic import ValidationInfo

# The moments a run can look from: those for which calendars, time zones and reports are made.
EARLIEST, LATEST = date(1990, 1, 1), date(2100, 12, 31)


def known_zone(name: str) -> str:
    import polars as pl

    try:
        _local(datetime(2026, 1, 1, tzinfo=UTC), name)
    except pl.exceptions.PolarsError:
        raise ValueError(
            f"{name!r} is no known time zone; name one of the IANA list, such as Europe/Stockholm"
        ) from None
    return name


def _local(moment: datetime, zone: str) -> datetime:
    """The wall clock of a zone at a moment that states its offset."""
    import polars as pl  # the zones it knows are those the records are read with

    utc = moment.astimezone(UTC).replace(tzinfo=None)
    stamp = pl.Series([utc], dtype=pl.Datetime("us")).dt.replace_time_zone("UTC")
    local: datetime = stamp.dt.convert_time_zone(zone).dt.replace_time_zone(None).item()
    return local


def in_zone(value: object, info: ValidationInfo) -> object:
    """Read a date, a timestamp or an offset timestamp as the reporting zone's naive time.

    A bare date means the whole of that day, written with quotes or without.
    """
    if isinstance(value, str):
        value = _moment(value.strip())
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time.max)
    if isinstance(value, datetime):
        if not EARLIEST < value.date() < LATEST:
            raise ValueError(f"must be between {EARLIEST} and {LATEST}")
        if value.tzinfo is not None:
            return _local(value, info.data.get("reporting_timezone", "UTC"))
        return value
    if value is None:
        return value
    raise ValueError("must be a date or a timestamp, such as 2026-04-20 or 2026-04-20T18:00:00")


def _moment(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return datetime.fromisoformat(text)
