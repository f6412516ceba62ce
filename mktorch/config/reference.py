"""Every setting with its default, meaning and limits, as a page of docs and as a file to edit."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from mktorch.config.model import MarketingOrchestratorConfig

# Section of the page, by its first setting.
_SECTIONS = {
    "llm_model": "Language model",
    "reports_dir": "Places",
    "reporting_timezone": "What the records mean",
    "sources": "Exports and databases",
    "input_limits": "Limits of the inputs",
    "scale": "Many records",
    "openlineage": "OpenLineage events",
    "as_of": "Clock, windows, money",
    "statistical_significance_threshold": "Experiments",
    "experiment_rules": "Rules of the analysis",
    "operational_kpi_targets": "KPIs",
    "cost_per_human_review_hour": "The price of running this",
    "rate_tolerance": "Validation",
    "enable_progress_tracking": "Switches",
    "enable_llm_summary": "Language model, guarded",
    "company": "The page",
}
_LIMITS = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
_BEGIN, _END = "<!-- settings -->", "<!-- end of settings -->"


class Setting(NamedTuple):
    """One setting: dotted name, default, meaning and what is allowed."""

    name: str
    default: Any
    meaning: str
    allowed: str


def settings(model: type[BaseModel], prefix: str = "") -> Iterator[Setting]:
    """Every setting of a model, in declared order; tables of rules entry by entry."""
    for name, info in model.model_fields.items():
        rules = info.annotation
        if isinstance(rules, type) and issubclass(rules, BaseModel):
            yield from settings(rules, f"{prefix}{name}.")
        else:
            meaning = " ".join((info.description or _file(name)).split())
            yield Setting(prefix + name, _default(info), meaning, _allowed(info))


def _file(name: str) -> str:
    source = name.removesuffix("_file")
    return f"File or folder of {source}, in data_dir." if source != name else ""


def _default(info: FieldInfo) -> Any:
    value = info.get_default(call_default_factory=True)
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else value


def _allowed(info: FieldInfo) -> str:
    """Limits, and the words of a closed list."""
    kind = info.annotation
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return ", ".join(kind)
    limits = (
        f"{word} {getattr(mark, name):g}"
        for mark in info.metadata
        for name, word in _LIMITS.items()
        if getattr(mark, name, None) is not None
    )
    return ", ".join(limits)


def template() -> str:
    """A `mktorch.toml` of every setting as a comment: its meaning, its limits, its default.

    Taking away a `# ` before a setting, and before its table's heading, puts it into force.
    """
    lines: list[str] = []
    table = ""
    every = sorted(settings(MarketingOrchestratorConfig), key=lambda s: "." in s.name)
    for each in every:
        head, dot, name = each.name.rpartition(".")
        section = _SECTIONS.get(each.name)
        if section and not dot:
            lines += ["", f"## {section}"]
        if head != table:
            table = head
            lines += ["", f"# [{head}]"]
        allowed = f" ({each.allowed})" if each.allowed else ""
        lines.append(f"## {each.meaning}{allowed}")
        unset = each.default is None
        lines.append(f"## {name} has no default" if unset else f"# {name} = {_toml(each.default)}")
    return "\n".join(lines).lstrip("\n") + "\n"


def page() -> str:
    """The tables of docs/configuration.md."""
    lines: list[str] = []
    rules = ""
    for each in settings(MarketingOrchestratorConfig):
        head = each.name.partition(".")[0]
        section = _SECTIONS.get(each.name, _SECTIONS.get(head) if head != rules else None)
        if section:
            lines += ["", f"## {section}", "", *_HEAD]
        rules = head
        lines.append(f"| `{each.name}` | {_cell(each.default)} | {_escaped(each)} |")
    return "\n".join(lines).strip() + "\n"


_HEAD = ("| setting | default | meaning |", "|---|---|---|")


def _escaped(each: Setting) -> str:
    allowed = f" Allowed: {each.allowed}." if each.allowed else ""
    return (each.meaning + allowed).replace("|", "\\|")


def _cell(value: object) -> str:
    if value is None or value in ("", {}, []):
        return "none"
    text = value if isinstance(value, str) else _toml(value)
    return f"`{text}`" if len(text) <= 40 else "see the file that `mktorch init` writes"


def _toml(value: object) -> str:
    """A value as TOML writes it."""
    if isinstance(value, dict):
        return (
            "{ " + ", ".join(f"{_key(k)} = {_toml(v)}" for k, v in value.items()) + " }"
            if value
            else "{}"
        )
    if isinstance(value, list | tuple | set | frozenset):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, BaseModel):
        return _toml(value.model_dump(mode="json", exclude_none=True))
    return json.dumps(value, ensure_ascii=False, default=str)


def _key(name: object) -> str:
    text = str(name)
    return text if text.replace("_", "").replace("-", "").isalnum() else json.dumps(text)


def write(path: Path) -> None:
    """Put the tables between the marks of a page."""
    text = path.read_text(encoding="utf-8")
    before, after = text.split(_BEGIN)[0], text.split(_END)[1]
    path.write_text(f"{before}{_BEGIN}\n\n{page()}\n{_END}{after}", encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
