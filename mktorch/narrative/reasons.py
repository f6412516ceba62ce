"""Why a model's text does not stand: a closed vocabulary, each entry a sentence for a report.

A reason never quotes the reply, the endpoint or the key: nothing of them reaches a page this way.
"""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """What happened instead of a usable reply."""

    # Nothing was asked.
    SWITCHED_OFF = "enable_llm_summary is false, so no model was asked"
    NO_KEY = "OPENAI_API_KEY is not set, so no model was asked"
    NO_PACKAGE = "the package openai is not installed, so no model was asked"

    # The endpoint did not deliver.
    UNREACHABLE = "the model's endpoint could not be reached"
    TIMEOUT = "the model did not answer in time"
    RATE_LIMITED = "the model's endpoint was over its rate limit"
    SERVER_ERROR = "the model's endpoint failed"
    TURNED_AWAY = "the model's endpoint turned the request away"
    REDIRECTED = "the model's endpoint pointed elsewhere, which is not followed"
    TOO_LARGE = "the model's answer was larger than allowed"
    BROKEN = "the model's answer broke off or could not be read"

    # The guard refused the reply.
    EMPTY = "the model's reply was empty"
    DECLINED = "the model declined to answer"
    TOO_LONG = "the model's reply was longer than allowed"
    UNKNOWN_NAME = "the model's reply used a name that is not in the table of figures"
    DIGIT = "the model's reply wrote a digit of its own"
    MARKUP = "the model's reply held markup or characters beyond plain prose"
    MISPLACED = "the model's reply used a placeholder where it may not stand"
    NUMBER_WORD = "the model's reply spelled out a number, a unit or a rate"
    JUDGEMENT = "the model's reply passed a judgement of its own"
    ADVICE = "the model's reply gave advice that is no recommendation of the run"
    ECHO = "the model's reply repeated its instructions"
    MISSING = "the model's reply left out a required part"


# Worth another call as it is; the guard's own reasons are worth one with the reason.
TRANSIENT = frozenset(
    {
        Reason.UNREACHABLE,
        Reason.TIMEOUT,
        Reason.RATE_LIMITED,
        Reason.SERVER_ERROR,
        Reason.BROKEN,
    }
)
GUARDED = frozenset(list(Reason)[list(Reason).index(Reason.EMPTY) :])
