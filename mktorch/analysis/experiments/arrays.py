"""The passage between frames and the statistics: null is NaN there, and NaN is null here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
from numpy.typing import NDArray

from mktorch.stats import Floats


def array(frame: pl.DataFrame, column: str) -> Floats:
    """A numeric column as float64, null as NaN."""
    return frame[column].cast(pl.Float64).fill_null(float("nan")).to_numpy()


def arrays(frame: pl.DataFrame, *columns: str) -> tuple[Floats, ...]:
    """Several columns, as `array` gives them."""
    return tuple(array(frame, column) for column in columns)


def table(columns: Mapping[str, NDArray[Any]]) -> pl.DataFrame:
    """Arrays as columns; what is not a finite number is null.

    >>> import numpy as np
    >>> table({"x": np.array([1.0, np.nan, np.inf])})["x"].to_list()
    [1.0, None, None]
    """
    number = pl.col(pl.Float64)
    return pl.DataFrame(dict(columns)).with_columns(pl.when(number.is_finite()).then(number))
