"""The model's calls over real HTTP to a local endpoint: what stands, why, and what it cost."""

from __future__ import annotations

import gzip
import json
import logging
import os
import sys
from pathlib import Path
from time import monotonic

import polars as pl
import pytest

from mktorch.config import MarketingOrchestratorConfig
from mktorch.config.model_rules import ModelRules
from mktorch.manifest import ModelUsage
from mktorch.narrative.llm_calls import Wording, calls_frame, note, usage, why_not, word
from mktorch.narrative.llm_rejections import Reason
from tests.narrative import endpoints
from tests.narrative.endpoints import completion, endpoint, says
from tests.narrative.test_llm_validation import GOOD, NAMES

SECRET = "sk-test-4711-secret"
RULES = {
    "timeout_seconds": 20.0,
    "attempt_seconds": 10.0,
    "retry_wait_seconds": 0.0,
    "transport_retries": 0,
}


@pytest.fixture(autouse=True)
def _environment(monkeypatch):
    """A key, and no proxy between the client and the loopback."""
    for name in os.environ:
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    assert why_not(MarketingOrchestratorConfig(), "enable_llm_summary") is None  # imports it


@pytest.fixture
def worded(monkeypatch):
    """Have the plays' endpoint word the summary; gives the wording and the requests."""

    def run(*plays, config: dict | None = None, **rules) -> tuple[Wording, list[dict]]:
        settings = MarketingOrchestratorConfig(model_rules={**RULES, **rules}, **(config or {}))
        with endpoint(*plays) as server:
            monkeypatch.setenv("OPENAI_BASE_URL", server.url)
            end = monotonic() + settings.model_rules.timeout_seconds
            return word("summary", NAMES, settings, end), server.requests

    return run


def test_a_good_reply_stands(worded):
    wording, requests = worded(says(GOOD))
    assert wording.reason is None
    assert wording.refused == ()
    assert "portfolio net return of $5.00" in wording.text
    assert "{{" not in wording.text
    (call,) = wording.calls
    assert (call.outcome, call.input_tokens, call.output_tokens) == ("stands", 900, 60)
    assert 0 < call.seconds < 10
    (request,) = requests
    assert request["path"] == "/v1/chat/completions"
    assert request["headers"]["authorization"] == f"Bearer {SECRET}"
    sent = request["body"]
    assert (sent["model"], sent["temperature"], sent["max_tokens"]) == ("gpt-4o-mini", 0.3, 500)
    assert [m["role"] for m in sent["messages"]] == ["system", "user"]
    told = json.loads(sent["messages"][1]["content"])
    assert [entry["name"] for entry in told["entries"]] == NAMES["name"].to_list()


@pytest.mark.parametrize(
    ("play", "reason"),
    [
        # replies the guard refuses
        (says("The return was 500 %."), Reason.DIGIT),
        (says(f"{GOOD}\n\nReturns grew by twelve percent."), Reason.NUMBER_WORD),
        (says(f"{GOOD}\n\n<script>alert()</script>"), Reason.MARKUP),
        (says(f"{GOOD}\n\nIt came to {{{{gross_margin}}}}."), Reason.UNKNOWN_NAME),
        (says(f"{GOOD}\n\nThe programme is on track."), Reason.JUDGEMENT),
        (says(GOOD + "\n\nWords." * 600), Reason.TOO_LONG),
        (says(GOOD, finish="length"), Reason.TOO_LONG),
        (says(""), Reason.EMPTY),
        (says(None), Reason.EMPTY),
        (says(None, refusal="No."), Reason.DECLINED),
        (says(GOOD, finish="content_filter"), Reason.DECLINED),
        (lambda h: says(h.asked["messages"][0]["content"])(h), Reason.ECHO),
        (lambda h: says(h.asked["messages"][1]["content"])(h), Reason.ECHO),
        # endpoints that do not deliver
        (endpoints.status(429, retry_after="86400"), Reason.RATE_LIMITED),
        (endpoints.status(500), Reason.SERVER_ERROR),
        (endpoints.status(503), Reason.SERVER_ERROR),
        (endpoints.status(401, f"Incorrect API key: {SECRET}"), Reason.TURNED_AWAY),
        (endpoints.status(404), Reason.TURNED_AWAY),
        (endpoints.status(302, Location="http://127.0.0.1:9/v1"), Reason.REDIRECTED),
        (endpoints.status(307, Location="/v1/elsewhere"), Reason.REDIRECTED),
        (endpoints.drops(), Reason.UNREACHABLE),
        (endpoints.drops(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"), Reason.BROKEN),
        (endpoints.drops(b"\x00\xff garbage\r\n\r\n"), Reason.UNREACHABLE),
        (endpoints.body(b"<html>Bad gateway</html>"), Reason.BROKEN),
        (endpoints.body(b"[" * 60_000), Reason.BROKEN),
        (endpoints.body(b"[]"), Reason.BROKEN),
        (endpoints.body(b'{"choices": []}'), Reason.BROKEN),
        (endpoints.body(b'{"choices": [{"message": "x"}]}'), Reason.BROKEN),
        (endpoints.body(b'{"choices": [{"message": {"content": [1]}}]}'), Reason.BROKEN),
        (endpoints.body(b'{"a": \xff}'), Reason.BROKEN),
        (endpoints.body(b""), Reason.BROKEN),
        (endpoints.body(gzip.compress(b" " * 10**6), Content_Encoding="gzip"), Reason.BROKEN),
        (endpoints.body(b"data: {}\n\ndata: [DONE]\n\n"), Reason.BROKEN),
        (says("x" * 10_000_000), Reason.TOO_LARGE),
    ],
)
def test_whatever_it_does_the_rules_stand(worded, play, reason):
    wording, _ = worded(play)
    assert (wording.text, wording.reason) == (None, reason)
    assert note(wording, "m") == f"Rule-based text: {reason}."
    assert all(call.outcome == reason for call in wording.calls)


@pytest.mark.parametrize(
    "play",
    [
        endpoints.silent,
        endpoints.drips(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 500),
        endpoints.drips(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + b" " * 500),
    ],
    ids=["silence", "headers byte by byte", "body byte by byte"],
)
def test_slowness_ends_with_the_attempt(worded, play):
    started = monotonic()
    wording, _ = worded(play, attempt_seconds=0.3)
    assert usage(calls_frame([wording])).cost == 0.01
    assert 0.3 <= monotonic() - started < 2
    assert (wording.text, wording.reason) == (None, Reason.TIMEOUT)


def test_a_refused_reply_is_asked_for_once_more_with_the_reason(worded):
    wording, requests = worded(says("The return was 500 %."), says(GOOD))
    assert wording.reason is None
    assert wording.refused == (Reason.DIGIT,)
    assert [call.outcome for call in wording.calls] == [Reason.DIGIT, "stands"]
    first, second = (request["body"]["messages"] for request in requests)
    assert second[:2] == first
    assert "no digit" in second[2]["content"]
    assert "500" not in second[2]["content"]


def test_and_no_more_than_once(worded):
    wording, requests = worded(says("It was 500."), says("It was <b>."), says(GOOD))
    assert len(requests) == 2
    assert wording.refused == (Reason.DIGIT, Reason.MARKUP)
    assert wording.reason == Reason.MARKUP


def test_a_retry_can_be_forbidden(worded):
    _, requests = worded(says("It was 500."), says(GOOD), guard_retries=0)
    assert len(requests) == 1


def test_a_rate_limit_is_waited_out_where_time_allows(worded):
    plays = (endpoints.status(429, retry_after="0"), says("It was 500."), says(GOOD))
    wording, requests = worded(*plays, transport_retries=1)
    assert wording.reason is None
    assert wording.refused == (Reason.RATE_LIMITED, Reason.DIGIT)
    assert len(requests) == 3


@pytest.mark.parametrize("after", ["20", "86400", "9" * 400])
def test_no_wait_beyond_the_deadline(worded, after):
    started = monotonic()
    plays = (endpoints.status(429, retry_after=after), says(GOOD))
    wording, requests = worded(*plays, transport_retries=5)
    assert monotonic() - started < 10
    assert wording.reason == Reason.RATE_LIMITED
    assert len(requests) == 1


def test_all_calls_together_keep_the_deadline(worded):
    started = monotonic()
    wording, requests = worded(
        endpoints.silent, transport_retries=5, attempt_seconds=1.0, timeout_seconds=2.7
    )
    assert monotonic() - started < 3.7
    assert wording.reason == Reason.TIMEOUT
    assert len(requests) == 3  # 1 s, 1 s and what is left of 2.7 s


def test_what_another_call_cannot_change_is_not_asked_again(worded):
    for play in (endpoints.status(401), endpoints.status(302), says("x" * 100_000)):
        _, requests = worded(play, transport_retries=5, guard_retries=5)
        assert len(requests) == 1


def test_a_redirect_is_not_followed(worded):
    _, requests = worded(endpoints.status(307, Location="/v1/elsewhere"), says(GOOD))
    assert [request["path"] for request in requests] == ["/v1/chat/completions"]


def test_the_guide_names_every_setting_with_its_default():
    guide = (Path(__file__).parents[2] / "docs" / "model.md").read_text("utf-8")
    for name, field in ModelRules.model_fields.items():
        number = isinstance(field.default, float)
        written = f"`{field.default:g}`" if number else f"`{field.default}`"
        assert f"| `{name}` | {'none' if field.default is None else written} |" in guide


def test_nobody_there(monkeypatch):
    with endpoint() as server:
        url = server.url
    config = MarketingOrchestratorConfig(model_rules=RULES)
    for place in (url, "http://nowhere.invalid/v1", "not a url", "http://[::1", "ftp://127.0.0.1"):
        monkeypatch.setenv("OPENAI_BASE_URL", place)
        wording = word("summary", NAMES, config, monotonic() + 2)
        assert wording.reason in {Reason.UNREACHABLE, Reason.TIMEOUT}
        assert usage(calls_frame([wording])).cost in {0.0, config.cost_per_llm_call}


def test_a_key_that_is_no_header(monkeypatch, worded):
    monkeypatch.setenv("OPENAI_API_KEY", "clé\nX-Evil: 1")
    wording, requests = worded(says(GOOD))
    assert wording.reason == Reason.UNREACHABLE
    assert requests == []


@pytest.mark.parametrize(
    ("stated", "prices", "cost", "basis"),
    [
        # 900 x 0.002 / 1000 + 60 x 0.01 / 1000
        (endpoints.USAGE, (0.002, 0.01), 0.0024, "tokens"),
        (endpoints.USAGE, (None, 0.01), 0.01, "call"),
        (None, (0.002, 0.01), 0.01, "call"),
        ({"prompt_tokens": 900}, (0.002, 0.01), 0.01, "call"),
        # no count a request of this size can have used
        ({"prompt_tokens": 10**18, "completion_tokens": 60}, (0.002, 0.01), 0.01, "call"),
        ({"prompt_tokens": 900, "completion_tokens": 501}, (0.002, 0.01), 0.01, "call"),
        ({"prompt_tokens": -900, "completion_tokens": 60}, (0.002, 0.01), 0.01, "call"),
        ({"prompt_tokens": "900", "completion_tokens": 60}, (0.002, 0.01), 0.01, "call"),
        ({"prompt_tokens": True, "completion_tokens": 60}, (0.002, 0.01), 0.01, "call"),
        ("free", (0.002, 0.01), 0.01, "call"),
    ],
)
def test_cost(worded, stated, prices, cost, basis):
    sent, received = prices
    wording, _ = worded(
        says(GOOD, usage=stated),
        price_per_1k_input_tokens=sent,
        price_per_1k_output_tokens=received,
    )
    (call,) = wording.calls
    assert (call.cost, call.cost_basis) == (pytest.approx(cost, abs=1e-12), basis)


def test_what_was_turned_away_costs_nothing_what_may_have_been_taken_on_does(worded):
    config = {"cost_per_llm_call": 0.5}
    spent = {
        name: usage(calls_frame([worded(play, config=config)[0]])).cost
        for name, play in {
            "limited": endpoints.status(429),
            "hung up": endpoints.drops(),
            "broken": endpoints.body(b"x"),
            "large": says("x" * 100_000),
        }.items()
    }
    assert spent == {"limited": 0, "hung up": 0, "broken": 0.5, "large": 0.5}


def test_usage_adds_up(worded):
    wording, _ = worded(says("It was 500."), says(GOOD))
    calls = calls_frame([wording, Wording(None, Reason.NO_KEY)])
    assert calls["call"].to_list() == [1, 2]
    total = usage(calls)
    assert (total.calls, total.input_tokens, total.output_tokens) == (2, 1_800, 120)
    assert total.cost == pytest.approx(0.02)
    assert total.seconds == pytest.approx(calls["seconds"].sum())


def test_the_key_is_told_to_nobody_else(worded, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    wording, requests = worded(endpoints.status(401, SECRET), says(GOOD))
    assert SECRET not in repr(wording)
    assert SECRET not in calls_frame([wording]).write_json()
    assert SECRET not in caplog.text
    assert SECRET not in "".join(capfd.readouterr())
    assert SECRET not in json.dumps(requests[0]["body"])


def test_the_field_of_the_token_limit_is_a_setting(worded):
    _, requests = worded(
        says(GOOD),
        config={"llm_summary_max_tokens": 300},
        token_limit_field="max_completion_tokens",
    )
    assert requests[0]["body"]["max_completion_tokens"] == 300
    assert "max_tokens" not in requests[0]["body"]


def test_an_endpoint_that_answers_in_pieces(worded):
    whole = completion(GOOD)

    def play(handler):
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for piece in (whole[:9], whole[9:]):
            handler.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        handler.wfile.write(b"0\r\n\r\n")

    assert worded(play)[0].reason is None


def test_why_no_model_is_asked(monkeypatch):
    config = MarketingOrchestratorConfig()
    assert why_not(config, "enable_llm_insights") == Reason.SWITCHED_OFF
    for key in ("", "  "):
        monkeypatch.setenv("OPENAI_API_KEY", key)
        assert why_not(config, "enable_llm_summary") == Reason.NO_KEY
    monkeypatch.delenv("OPENAI_API_KEY")
    assert why_not(config, "enable_llm_summary") == Reason.NO_KEY
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    monkeypatch.setitem(sys.modules, "openai", None)
    assert why_not(config, "enable_llm_summary") == Reason.NO_PACKAGE


def test_no_calls_no_usage():
    assert calls_frame([]).schema["cost"] == pl.Float64
    assert usage(calls_frame([])) == usage(None) == ModelUsage()
