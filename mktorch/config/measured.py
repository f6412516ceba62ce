"""What is measured: a metric of one's own, and what splits the rows of a source."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from mktorch.vocab import Direction, Measure, MetricKind, Unit

GRAIN = {
    "performance_metrics": [
        "device",
        "network",
        "hour",
        "country",
        "region",
        "city",
        "language",
        "placement",
        "publisher_platform",
        "age",
        "gender",
        "keyword",
        "match_type",
        "conversion_action",
    ]
}


class Metric(BaseModel):
    """A metric as declared: `numerator / denominator`, both of them summed measures."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    numerator: Measure
    denominator: Measure
    kind: MetricKind
    direction: Direction = Direction.UP
    unit: Unit = Unit.FRACTION
    label: str = ""
