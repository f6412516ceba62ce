"""A text worded by a model, or by rules with the reason why; and what the asking took.

The model is asked, its reply is judged by the guard, refused replies are asked for once more with
the reason. Whatever happens, the caller gets a `Wording`: nothing here raises for what an endpoint
did.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from time import monotonic, sleep

import polars as pl

from mktorch.config import MarketingOrchestratorConfig
from mktorch.manifest import ModelUsage
from mktorch.narrative.llm_endpoint import Answer, Request, ask, available
from mktorch.narrative.llm_prompt import Prompt, messages, prompt
from mktorch.narrative.llm_rejections import GUARDED, TRANSIENT, Reason
from mktorch.narrative.llm_validation import Refusal, fill, refusal, tidy
from mktorch.narrative.markdown import bullets, document, inert, wrapped
from mktorch.tables import Table, count, key, money, number, text

KEY = "OPENAI_API_KEY"


@dataclass(frozen=True)
class Call:
    """One request. `cost_basis`: tokens, call (its flat price) or none (not taken on)."""

    task: str
    campaign_id: str | None
    call: int
    outcome: str
    input_tokens: int | None
    output_tokens: int | None
    seconds: float
    cost: float
    cost_basis: str


@dataclass(frozen=True)
class Wording:
    """The model's text, filled in; or None and the reason. `refused`: the reasons along the way."""

    text: str | None
    reason: Reason | None
    refused: tuple[Reason, ...] = ()
    calls: tuple[Call, ...] = ()


# fmt: off
class MeasuredModelUsage(Table):
    """One row per call to the language model, in the order made."""

    task = key("Text the model was asked to draft")
    campaign_id = text("The campaign", key=True, null="the text covers all campaigns")
    call = count("Number of the call within the task, from 1", unit="", key=True)
    outcome = text("Whether the reply was used, or why it was refused")
    input_tokens = count("Tokens sent", null="the service stated no plausible number")
    output_tokens = count("Tokens received", null="the service stated no plausible number")
    seconds = number("seconds", "Duration of the call", adds=True)
    cost = money("Cost of the call, by tokens or flat price",
        config=("model_rules", "cost_per_llm_call"))
    cost_basis = text("Basis of the cost: tokens, call, or none where not accepted")
# fmt: on


def why_not(config: MarketingOrchestratorConfig, switch: str) -> Reason | None:
    """Why no model is asked at all: switched off, no key, no package; None where one is.

    Imports the client only where the switch is on and a key is there.
    """
    if not getattr(config, switch):
        return Reason.SWITCHED_OFF
    if not os.environ.get(KEY, "").strip():
        return Reason.NO_KEY
    return None if available() else Reason.NO_PACKAGE


def word(
    task: str,
    figures: pl.DataFrame,
    config: MarketingOrchestratorConfig,
    end: float,
    campaign_id: str | None = None,
) -> Wording:
    """Have a model word `task` (summary or insight) from a table of named texts.

    Parameters
    ----------
    figures
        From `narrative.figures`.
    end
        The moment, by `time.monotonic`, after which no call may last.
    campaign_id
        What the text is about, for the record of calls.
    """
    rules = config.model_rules
    limit = rules.characters_per_token * config.llm_summary_max_tokens
    asked = prompt(task, figures, limit)
    left = Counter(transport=rules.transport_retries, guard=rules.guard_retries)
    calls: list[Call] = []
    refused: list[Reason] = []
    mend = ""
    while (rest := end - monotonic()) > 0:
        answer = ask(_request(asked, mend, config), min(rules.attempt_seconds, rest))
        reply = tidy(answer.text or "")
        fault = _fault(answer, reply, figures, limit, asked)
        calls.append(_call(task, campaign_id, len(calls) + 1, answer, fault, config))
        if fault is None:
            return Wording(rendered(reply, figures), None, tuple(refused), tuple(calls))
        refused.append(fault.reason)
        kind = _kind(fault.reason)
        wait = _wait(answer, rules.retry_wait_seconds) if kind == "transport" else 0.0
        if not left[kind] or wait >= end - monotonic():
            return Wording(None, fault.reason, tuple(refused), tuple(calls))
        left[kind] -= 1
        mend = fault.detail or mend
        sleep(wait)
    return Wording(None, Reason.TIMEOUT, tuple(refused), tuple(calls))


def rendered(reply: str, figures: pl.DataFrame) -> str:
    """The reply as Markdown, its names filled in: each line a paragraph, neighbouring `- ` a list.

    >>> print(rendered("Made:\\n- {{net}}", pl.DataFrame({"name": ["net"], "text": ["<b>"]})))
    Made:
    <BLANKLINE>
    - \\<b>
    <BLANKLINE>
    """
    blocks: list[str] = []
    items: list[str] = []
    for line in (*reply.split("\n"), ""):
        if line.startswith("- "):
            items.append(inert(fill(line.removeprefix("- "), figures)))
            continue
        blocks += [bullets(items), wrapped(inert(fill(line, figures))) if line else ""]
        items = []
    return document(blocks)


def note(wording: Wording, model: str) -> str:
    """Who worded a text, and why rules did where they did; plain text.

    >>> note(Wording(None, Reason.EMPTY), "m")
    "Rule-based text: the language model's reply was empty."
    """
    if wording.text is None:
        return f"Rule-based text: {wording.reason}."
    return f"Drafted by {model}; every figure, judgment and recommendation comes from rules."


def calls_frame(wordings: Iterable[Wording]) -> pl.DataFrame:
    """One row per call, in the order made: task, campaign, outcome, tokens, seconds, cost.

    Tokens are null where the endpoint stated none that its request can have used; `cost` then is
    the flat price of a call, and 0 where the endpoint did not take the request on.
    """
    rows = [asdict(call) for wording in wordings for call in wording.calls]
    return pl.DataFrame(rows, schema=dict(MeasuredModelUsage.dtypes()))


def usage(calls: pl.DataFrame | None) -> ModelUsage:
    """The totals of a run's calls; nothing where none were made.

    >>> usage(calls_frame([])).cost
    0.0
    """
    if calls is None:
        return ModelUsage()
    summed = ("input_tokens", "output_tokens", "seconds", "cost")
    totals = calls.select(pl.len().cast(pl.Int64).alias("calls"), *map(pl.sum, summed))
    return ModelUsage(**totals.row(0, named=True))


def model_cost(measured_model_usage: pl.DataFrame) -> float:
    """What a run's calls cost."""
    return usage(measured_model_usage).cost


def _fault(
    answer: Answer, reply: str, figures: pl.DataFrame, limit: int, asked: Prompt
) -> Refusal | None:
    if answer.reason:
        return Refusal(answer.reason, _MEND.get(answer.reason, ""))
    return refusal(reply, figures, limit=limit, prompt=" ".join(asked))


# What a model can mend of an answer that held no text to judge.
_MEND = {
    Reason.DECLINED: "write the text, from the data alone",
    Reason.TOO_LONG: "be much shorter",
}


def _kind(reason: Reason) -> str:
    """Which of the retries a reason may use; none for what another call would not change."""
    return "transport" if reason in TRANSIENT else "guard" if reason in GUARDED else ""


def _request(asked: Prompt, mend: str, config: MarketingOrchestratorConfig) -> Request:
    return Request(
        key=os.environ.get(KEY, "").strip(),
        model=config.llm_model,
        messages=messages(asked, mend),
        temperature=config.temperature,
        most_tokens=config.llm_summary_max_tokens,
        limit_field=config.model_rules.token_limit_field,
        most_bytes=config.model_rules.max_reply_bytes,
    )


def _wait(answer: Answer, usual: float) -> float:
    """Seconds until the next call: what the endpoint asks for, else the usual."""
    return usual if answer.retry_after is None else answer.retry_after


def _call(
    task: str,
    campaign_id: str | None,
    number: int,
    answer: Answer,
    fault: Refusal | None,
    config: MarketingOrchestratorConfig,
) -> Call:
    cost, basis = _cost(answer, config)
    return Call(
        task,
        campaign_id,
        number,
        "stands" if fault is None else str(fault.reason),
        answer.input_tokens,
        answer.output_tokens,
        answer.seconds,
        cost,
        basis,
    )


def _cost(answer: Answer, config: MarketingOrchestratorConfig) -> tuple[float, str]:
    """A call's cost: stated tokens at their prices where both are known, else its flat price."""
    if not answer.accepted:
        return 0.0, "none"
    rules = config.model_rules
    sent = _price(answer.input_tokens, rules.price_per_1k_input_tokens)
    received = _price(answer.output_tokens, rules.price_per_1k_output_tokens)
    if sent is None or received is None:
        return config.cost_per_llm_call, "call"
    return sent + received, "tokens"


def _price(tokens: int | None, per_thousand: float | None) -> float | None:
    return None if tokens is None or per_thousand is None else tokens * per_thousand / 1_000
