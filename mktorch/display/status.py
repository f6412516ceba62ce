"""Status as word, shape and colour together: what each verdict says and how it looks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from mktorch.vocab import CampaignStatus, FailureSeverity, Performance, StepStatus


class Tone(Enum):
    """How a status is shown: the brand colour's name and a shape."""

    GOOD = ("success", "\u2713")
    STEADY = ("info", "\u25a0")
    WATCH = ("warning", "\u25b2")
    BAD = ("danger", "\u25bc")
    NONE = ("secondary", "\u2013")

    @property
    def color(self) -> str:
        return self.value[0]

    @property
    def shape(self) -> str:
        return self.value[1]


@dataclass(frozen=True)
class Status:
    """The word a reader sees and its tone."""

    word: str
    tone: Tone


Statuses = Mapping[str, Status]

PERFORMANCE: Statuses = {
    Performance.EXCEEDING: Status("Exceeding", Tone.GOOD),
    Performance.MEETING: Status("Meeting", Tone.STEADY),
    Performance.BELOW: Status("Below", Tone.BAD),
    Performance.INSUFFICIENT: Status("No data", Tone.NONE),
}
LIFECYCLE: Statuses = {
    CampaignStatus.PLANNED: Status("Planned", Tone.NONE),
    CampaignStatus.ACTIVE: Status("Active", Tone.STEADY),
    CampaignStatus.PAUSED: Status("Paused", Tone.WATCH),
    CampaignStatus.COMPLETED: Status("Completed", Tone.GOOD),
}
SEVERITY: Statuses = {
    FailureSeverity.ERROR: Status("Rejected", Tone.BAD),
    FailureSeverity.WARNING: Status("Kept", Tone.WATCH),
}
VERDICT: Statuses = {
    "agrees": Status("Agrees", Tone.GOOD),
    "differs": Status("Differs", Tone.BAD),
    "not_comparable": Status("Not comparable", Tone.NONE),
}
STEP: Statuses = {
    StepStatus.DONE: Status("Done", Tone.GOOD),
    StepStatus.FAILED: Status("Failed", Tone.BAD),
    StepStatus.BLOCKED: Status("Blocked", Tone.WATCH),
    StepStatus.SKIPPED: Status("Skipped", Tone.NONE),
}


def status_of(value: object, statuses: Statuses) -> Status:
    """The status of a value; one that no rule knows is shown as its own word, without a tone."""
    return statuses.get(str(value)) or Status(str(value).replace("_", " "), Tone.NONE)
