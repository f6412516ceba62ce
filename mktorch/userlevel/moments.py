"""From rows to units, and from units to the sums that every answer is made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mktorch.stats import Floats
from mktorch.userlevel.metrics import ExperimentError, Measure


@dataclass(frozen=True)
class Counted:
    """Units with their values, and how many were left out for what reason."""

    units: pl.DataFrame
    left_out: dict[str, int]


@dataclass(frozen=True)
class Moments:
    """One metric's sums, an element per arm: units, sums of columns, and sums of products."""

    n: Floats
    sums: dict[str, Floats]
    products: dict[tuple[str, str], Floats]
    binary: bool

    def product(self, a: str, b: str) -> Floats:
        """The sum of a * b; of a alone where b is no column, and units where neither is."""
        if not a and not b:
            return self.n
        if not a or not b:
            return self.sums[a or b]
        return self.products[min(a, b), max(a, b)]

    def at(self, rows: NDArray[np.intp]) -> Moments:
        """The sums of some arms."""
        return Moments(
            self.n[rows],
            {name: values[rows] for name, values in self.sums.items()},
            {name: values[rows] for name, values in self.products.items()},
            self.binary,
        )


def count_units(
    frame: pl.DataFrame,
    unit: str | None,
    variant: str,
    segment: Sequence[str],
    wanted: Sequence[Measure],
) -> Counted:
    """One row per unit: variant, segments, and every column a metric reads, as Float64.

    Without `unit` every row is one. Rows of a unit are added up, a flag is true where any row's
    is; null only where every row's is. A covariate must be the same in all rows of a unit, and so
    must a segment. Units without a variant, or seen in two, are left out.

    Raises
    ------
    ExperimentError
        For a column that is absent or no number, and for a covariate or segment that varies.
    """
    values = _distinct(name for measure in wanted for name in measure.columns)
    fixed = _distinct(name for measure in wanted for name in measure.covariate)
    _check(frame, [unit] if unit else [], variant, segment, [*values, *fixed])
    kept = frame.select(
        {*((unit,) if unit else ()), variant, *segment, *values, *fixed}
    ).with_columns(_words(frame[name]) for name in (variant, *segment) if name != unit)
    if unit is None:
        counted, crossed = kept, 0
    else:
        constant = [name for name in (variant, *segment, *fixed) if name != unit]
        grouped = kept.lazy().group_by(unit)
        counted = grouped.agg(
            *(_added(pl.col(name), kept.schema[name]).alias(name) for name in values),
            *(pl.col(name).drop_nulls().first() for name in constant if name not in values),
            *(
                (coded.min() != coded.max()).fill_null(value=False).alias(f"{name}~")
                for name, coded in _comparable(kept, constant)
            ),
        ).collect()
        varying = [name for name in (*segment, *fixed) if counted[f"{name}~"].any()]
        if varying:
            raise ExperimentError(
                f"{', '.join(varying)}: not the same in all rows of a unit; use what was known "
                "of it before the experiment"
            )
        crossed = int(counted[f"{variant}~"].sum())
        counted = counted.filter(~pl.col(f"{variant}~"))
    unknown = counted[variant].null_count()
    numbers = (pl.col(name).cast(pl.Float64) for name in {*values, *fixed})
    units = counted.filter(pl.col(variant).is_not_null()).with_columns(
        *numbers, pl.col(variant, *segment).cast(pl.String)
    )
    return Counted(units, {"seen in two variants": crossed, "without a variant": unknown})


def _comparable(frame: pl.DataFrame, names: Iterable[str]) -> Iterator[tuple[str, pl.Expr]]:
    """Columns as numbers, enumerations by their codes: their least and greatest are cheap."""
    for name in names:
        column = pl.col(name)
        yield name, column.to_physical() if isinstance(frame.schema[name], pl.Enum) else column


def _words(column: pl.Series) -> pl.Series:
    """The few texts of a column as an enumeration, which compares as numbers do."""
    texts = column.cast(pl.String)
    return texts.cast(pl.Enum(texts.drop_nulls().unique().sort()))


def _added(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    known = column.count() > 0
    return pl.when(known).then(column.any() if dtype == pl.Boolean else column.sum())


def _distinct(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _check(
    frame: pl.DataFrame,
    unit: Sequence[str],
    variant: str,
    segment: Sequence[str],
    numbers: Sequence[str],
) -> None:
    absent = [name for name in (*unit, variant, *segment, *numbers) if name not in frame.columns]
    if absent:
        raise ExperimentError(
            f"no column {', '.join(_distinct(absent))}; the frame has {', '.join(frame.columns)}"
        )
    texts = [
        name
        for name in numbers
        if not (frame.schema[name].is_numeric() or frame.schema[name] == pl.Boolean)
    ]
    if texts:
        raise ExperimentError(f"{', '.join(_distinct(texts))}: a metric must be numbers or flags")
    if set(numbers) & {*unit, variant, *segment}:
        raise ExperimentError("a column cannot be a metric and tell units or variants apart too")


def sum_up(
    units: pl.DataFrame, by: Sequence[str], wanted: Sequence[Measure]
) -> tuple[pl.DataFrame, list[Moments]]:
    """The groups of `by`, sorted, and every metric's sums over each group.

    A unit counts towards a metric where it knows each of its columns. All in one pass.
    """
    summed = (
        units.lazy()
        .group_by(by)
        .agg(
            *(each for i, measure in enumerate(wanted) for each in _sums(i, measure)),
        )
    )
    groups = summed.sort(by, nulls_last=True).collect()
    found = [_moments(groups, i, measure) for i, measure in enumerate(wanted)]
    return groups.select(by), found


def _sums(index: int, measure: Measure) -> list[pl.Expr]:
    read = _distinct(measure.read)
    known = pl.all_horizontal(pl.col(read).is_not_null() & pl.col(read).is_not_nan())
    at = {name: pl.when(known).then(pl.col(name)) for name in read}
    first = at[measure.columns[0]]
    return [
        known.sum().alias(f"{index} n"),
        ((first == 0) | (first == 1)).all().alias(f"{index} binary"),
        *(column.sum().alias(f"{index} {name}") for name, column in at.items()),
        *(
            (at[a] * at[b]).sum().alias(f"{index} {a} {b}")
            for a, b in combinations_with_replacement(sorted(read), 2)
        ),
    ]


def _moments(groups: pl.DataFrame, index: int, measure: Measure) -> Moments:
    read = _distinct(measure.read)

    def array(name: str) -> Floats:
        return groups[f"{index} {name}"].cast(pl.Float64).to_numpy()

    return Moments(
        n=array("n"),
        sums={name: array(name) for name in read},
        products={
            (a, b): array(f"{a} {b}") for a, b in combinations_with_replacement(sorted(read), 2)
        },
        binary=len(measure.columns) == 1 and bool(groups[f"{index} binary"].all()),
    )


def together(moments: Moments, place: NDArray[np.intp], places: int) -> Moments:
    """The sums of groups put where they belong, of which there may be more: the others are 0."""

    def added(values: Floats) -> Floats:
        return np.bincount(place, weights=values, minlength=places).astype(np.float64)

    return Moments(
        added(moments.n),
        {name: added(values) for name, values in moments.sums.items()},
        {pair: added(values) for pair, values in moments.products.items()},
        moments.binary,
    )
