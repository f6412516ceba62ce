"""One call to a model over HTTP, through the `openai` client, bounded in time and size.

The answer is asked for whole, not as a stream: nothing of it may be shown before all of it has been
judged, and the whole answer alone states its token usage on every compatible endpoint.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from threading import Event, Thread
from time import monotonic
from typing import Any

from mktorch.narrative.llm_prompt import Message
from mktorch.narrative.llm_rejections import Reason

_CHUNK = 8_192
_OVERHEAD_TOKENS = 1_000  # what an endpoint may add to a prompt's own tokens


@dataclass(frozen=True)
class Request:
    """What is asked of which endpoint; the key stays out of its text form."""

    key: str = field(repr=False)
    model: str
    messages: Sequence[Message]
    temperature: float
    most_tokens: int
    limit_field: str
    most_bytes: int


@dataclass(frozen=True)
class Answer:
    """What came back: a text or the reason there is none, and the tokens the endpoint stated.

    `accepted`: the endpoint took the request on, or may have, so that it may have to be paid.
    """

    text: str | None = None
    reason: Reason | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    accepted: bool = False
    retry_after: float | None = None
    seconds: float = 0.0


class _StatusError(Exception):
    """The status says that no answer follows; its body is not read."""


@dataclass
class _Seen:
    """What the calling thread and the one that waits on the socket share."""

    stop: Event = field(default_factory=Event)
    status: int | None = None
    retry_after: float | None = None
    body: bytes | None = None
    reason: Reason | None = None


def available() -> bool:
    """Whether the client's package can be imported; imports it, so that no call waits for that."""
    try:
        import openai.resources.chat.completions  # noqa: F401
    except ImportError:
        return False
    return True


def ask(request: Request, seconds: float) -> Answer:
    """Send one request and read its answer; back within `seconds` whatever the endpoint does.

    Reads `OPENAI_BASE_URL`, proxies and certificates from the environment, as the client does.
    Follows no redirect, reads at most `request.most_bytes`, and never raises for what the endpoint
    or the network did.
    """
    started = monotonic()
    seen = _Seen()
    # A socket's timeout starts anew with every byte, and a name lookup has none: only a second
    # thread keeps a wall deadline.
    caller = Thread(target=_call, args=(request, seconds, seen), daemon=True)
    caller.start()
    caller.join(seconds)
    late = caller.is_alive()
    seen.stop.set()
    spent = monotonic() - started
    if late or seen.reason == Reason.TIMEOUT:
        return Answer(reason=Reason.TIMEOUT, accepted=True, seconds=spent)
    if seen.body is None:
        return Answer(
            reason=seen.reason or Reason.UNREACHABLE,
            accepted=seen.status == HTTPStatus.OK,
            retry_after=seen.retry_after,
            seconds=spent,
        )
    return _read(seen.body, request, spent)


def _call(request: Request, seconds: float, seen: _Seen) -> None:
    try:
        import openai

        def look(response: Any) -> None:
            seen.status = response.status_code
            seen.retry_after = _seconds(response.headers.get("retry-after"))
            if response.status_code != HTTPStatus.OK:
                raise _StatusError

        http = openai.DefaultHttpxClient(
            follow_redirects=False, timeout=seconds, event_hooks={"response": [look]}
        )
        with (
            openai.OpenAI(api_key=request.key, max_retries=0, http_client=http) as client,
            client.chat.completions.with_streaming_response.create(
                model=request.model,
                messages=list(request.messages),  # type: ignore[arg-type]
                temperature=request.temperature,
                extra_body={request.limit_field: request.most_tokens},
                extra_headers={"Accept-Encoding": "identity"},
            ) as response,
        ):
            _take(response.http_response, request.most_bytes, seen)
    except Exception as failure:  # whatever it was, the rule-based text stands; its words stay here
        seen.reason = _reason(seen.status, timed_out="Timeout" in type(failure).__name__)


def _take(response: Any, most: int, seen: _Seen) -> None:
    """Read the body as it was sent: a compressed one, not asked for, could grow without bound."""
    body = bytearray()
    for chunk in response.iter_raw(_CHUNK):
        body += chunk
        if seen.stop.is_set():
            return
        if len(body) > most:
            seen.reason = Reason.TOO_LARGE
            return
    seen.body = bytes(body)


def _reason(status: int | None, *, timed_out: bool) -> Reason:
    if timed_out:
        return Reason.TIMEOUT
    if status is None:
        return Reason.UNREACHABLE
    if status == HTTPStatus.OK:
        return Reason.BROKEN
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Reason.RATE_LIMITED
    if 300 <= status < 400:
        return Reason.REDIRECTED
    return Reason.SERVER_ERROR if status >= 500 else Reason.TURNED_AWAY


def _read(body: bytes, request: Request, seconds: float) -> Answer:
    """The text and usage of a chat completion; anything else is broken."""
    broken = Answer(reason=Reason.BROKEN, accepted=True, seconds=seconds)
    try:
        content = json.loads(body)
        choice = content["choices"][0]
        message, finish = choice["message"], choice.get("finish_reason")
        text, declined = message.get("content"), message.get("refusal")
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return broken
    sent = sum(len(m["content"].encode()) for m in request.messages) + _OVERHEAD_TOKENS
    usage = content.get("usage")
    answered = Answer(
        input_tokens=_tokens(usage, "prompt_tokens", sent),
        output_tokens=_tokens(usage, "completion_tokens", request.most_tokens),
        accepted=True,
        seconds=seconds,
    )
    if declined or finish == "content_filter":
        return replace(answered, reason=Reason.DECLINED)
    if finish == "length":
        return replace(answered, reason=Reason.TOO_LONG)
    if not isinstance(text, str | None):
        return broken
    return replace(answered, text=text or "")


def _tokens(usage: object, name: str, most: int) -> int | None:
    """A stated count of tokens; null where it is none or more than the request can have used."""
    count = usage.get(name) if isinstance(usage, Mapping) else None
    held = isinstance(count, int) and not isinstance(count, bool) and 0 <= count <= most
    return count if held else None


def _seconds(retry_after: str | None) -> float | None:
    return float(retry_after) if retry_after and retry_after.isdecimal() else None
