"""The thirteen sources: declared, read, validated and looked up."""

from mktorch.sources.frames import load_frames
from mktorch.sources.load import load
from mktorch.sources.lookups import Lookups, lookups
from mktorch.sources.raw import InputFile, RawSource
from mktorch.sources.rules import FAILURE_SCHEMA, Rule, SourceError
from mktorch.sources.schemas import SPECS, ForeignKey, SourceSpec, frame_schema
from mktorch.sources.validate import Validated, validate

__all__ = [
    "FAILURE_SCHEMA",
    "SPECS",
    "ForeignKey",
    "InputFile",
    "Lookups",
    "RawSource",
    "Rule",
    "SourceError",
    "SourceSpec",
    "Validated",
    "frame_schema",
    "load",
    "load_frames",
    "lookups",
    "validate",
]
