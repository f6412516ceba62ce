"""Why a model's text does not stand: a closed vocabulary, each entry a sentence for a report.

A reason never quotes the reply, the endpoint or the key: nothing of them reaches a page this way.
"""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """What happened instead of a usable reply."""

    # Nothing was asked.
    SWITCHED_OFF = "the language model is switched off"
    NO_KEY = "no API key is set for a language model"
    NO_PACKAGE = "the language model's package is not installed"

    # The endpoint did not deliver.
    UNREACHABLE = "the language model could not be reached"
    TIMEOUT = "the language model did not answer in time"
    RATE_LIMITED = "the language model was over its rate limit"
    SERVER_ERROR = "the language model's service failed"
    TURNED_AWAY = "the language model's service rejected the request"
    REDIRECTED = "the language model's service redirected the request, which is not allowed"
    TOO_LARGE = "the language model's reply was larger than allowed"
    BROKEN = "the language model's reply was cut off or unreadable"

    # The guard refused the reply.
    EMPTY = "the language model's reply was empty"
    DECLINED = "the language model declined to answer"
    TOO_LONG = "the language model's reply was longer than allowed"
    UNKNOWN_NAME = "the language model's reply used an unknown name"
    DIGIT = "the language model's reply contained a figure of its own"
    MARKUP = "the language model's reply contained markup or special characters"
    MISPLACED = "the language model's reply misplaced a placeholder"
    NUMBER_WORD = "the language model's reply spelled out a number, unit or rate"
    JUDGEMENT = "the language model's reply contained a judgment of its own"
    ADVICE = "the language model's reply gave advice that the rules did not"
    ECHO = "the language model's reply repeated its instructions"
    MISSING = "the language model's reply left out a required part"


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
