"""Readers of input files, one module a format; importing one registers it."""

from mktorch.sources.readers import json_files, parquet_files
from mktorch.sources.readers.protocol import Reader, ending, endings, reader_of, register

__all__ = [
    "Reader",
    "ending",
    "endings",
    "json_files",
    "parquet_files",
    "reader_of",
    "register",
]
