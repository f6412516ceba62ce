"""The Quarto features the embedded renderer covers, as data; all else is an error that names it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from mktorch.errors import in_a_line
from mktorch.render.errors import RenderError

# The rule of a key: a set of allowed values, a type (or several), or a table of further keys.
Rule = Any

SHARED: Final[Mapping[str, Rule]] = {"toc": bool, "toc-depth": int, "toc-title": str}
HTML: Final[Mapping[str, Rule]] = {
    **SHARED,
    "theme": {"none"},
    "minimal": {True},
    "css": (str, list),
    "embed-resources": {True},
    "html-math-method": {"mathml"},
    "include-before-body": {"text": str},
    "include-after-body": {"text": str},
}
TYPST: Final[Mapping[str, Rule]] = {
    **SHARED,
    "papersize": {"a4", "us-letter"},
    "mainfont": str,
    "template-partials": list,
    "font-paths": list,
}
EXECUTE: Final[Mapping[str, Rule]] = {"echo": bool, "warning": bool, "daemon": {False}}
# Ours, which Quarto hands on untouched: the title's colour, and the files being made.
OWN: Final[Mapping[str, Rule]] = {"accent": str, "pack": list}
FRONT_MATTER: Final[Mapping[str, Rule]] = {
    **SHARED,
    "title": str,
    "pagetitle": str,
    "subtitle": str,
    "lang": str,
    "brand": {False},
    **OWN,
    "jupyter": {"python3"},
    "execute": EXECUTE,
    "format": {"html": HTML, "typst": TYPST},
}
PROJECT: Final[Mapping[str, Rule]] = {
    **FRONT_MATTER,
    "project": {"type": {"default"}, "render": list, "output-dir": str, "pre-render": str},
}
CELL: Final[Mapping[str, Rule]] = {
    "label": str,
    "echo": bool,
    "output": {True, False, "asis"},
    "include": bool,
    "eval": bool,
    "warning": bool,
    "fig-cap": str,
    "fig-alt": str,
    "tbl-cap": str,
    "tags": list,
}
SHORTCODES: Final = ("include", "pagebreak")
CALLOUTS: Final = tuple(f"callout-{k}" for k in ("note", "tip", "important", "warning", "caution"))
DIV_CLASSES: Final = (*CALLOUTS, "columns", "column", "content-visible", "content-hidden")
# Attribute -> the values that are covered.
DIV_ATTRIBUTES: Final[Mapping[str, str]] = {
    "layout-ncol": r"[1-9]",
    "width": r"\d+(\.\d+)?%",
    "title": r".*",
    "when-format": r"html|typst",
    "icon": r"false",
    "appearance": r"simple",
}
INLINE_ATTRIBUTES: Final[Mapping[str, str]] = {"width": r".*", "height": r".*"}
HEADING_CLASSES: Final = ("unnumbered", "unlisted")

# Classes and prefixes that Quarto gives a meaning; those not covered here must not pass in silence.
_RESERVED = re.compile(
    r"^(callout|panel|column|columns|content|layout|page|landscape|fragment|aside|margin|cell|"
    r"quarto|hidden|embed|lightbox)(-|$)"
)
_SHORTCODE = re.compile(r"\{\{<\s*(/?[\w-]*)(.*?)>\}\}")
_DIV = re.compile(r"^\s*:{3,}\s*(?:\{(?P<attributes>[^}]*)\}|(?P<bare>[\w-]+))?\s*:*\s*$")
_ATTRIBUTES = re.compile(r"\{(?P<attributes>[#.][^}]*|[\w-]+=[^}]*)\}")
_ATTRIBUTE = re.compile(r"([\w-]+)=(?:\"([^\"]*)\"|([^\s\"}]*))")
# Markdown to which Quarto gives a meaning that pandoc does not, or the other way round.
_ELSEWHERE: Final[Mapping[str, str]] = {
    r"^\s*!\[[^\]]+\]\([^)]*\)(\{[^}]*\})?\s*$": "an image with a caption is not supported; write "
    "::: {#fig-name}, the image with empty brackets, the caption as last paragraph, :::",
    r"!\[[^\]]*\]\([^)]*\)\{[^}]*#": "an image with an id is not supported; write "
    "::: {#fig-name} around it",
    r"^\s*(Table)?:\s.*\{#tbl-": "a table's id in its caption is not supported; write "
    "::: {#tbl-name}, the table, the caption as last paragraph, :::",
    r"^---\s*$": "metadata inside a document is not supported; for a rule write ***",
    r"(?<![\w@\\])@(sec|eq|lst|thm|lem|cor|prp|cnj|def|exm|exr)-": "only figures and tables can be "
    "cross-referenced; link to a heading by its id: [words](#its-id)",
}
_INLINE_CODE = re.compile(r"`+[^`]*`+")
_INLINE_CELL = re.compile(r"`\{(\w+)\}[^`]*`")
_REFERENCE = re.compile(r"(?<![\w@\\])@((?:fig|tbl)-[\w-]*\w)")
_CITATION = re.compile(r"(?<![\w@\\.])@(\w[\w:.#$%&+?<>~/-]*)")


def read_yaml(text: str, rules: Mapping[str, Rule], file: Path, line: int) -> dict[str, Any]:
    """Parse YAML whose first line is line `line` of `file`, refusing what no rule covers."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        at = error.problem_mark.line if error.problem_mark else 0
        raise RenderError.at(file, line + at, f"not readable as YAML: {error.problem}") from None
    except (yaml.YAMLError, RecursionError) as error:
        raise RenderError.at(file, line, f"not readable as YAML: {in_a_line(error)}") from None
    if node is None:
        return {}
    try:
        _check(node, rules, "", file, line)
        value: dict[str, Any] = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # a date or number that is none
        raise RenderError.at(file, line, f"not readable as YAML: {in_a_line(error)}") from None
    return value


def check_markdown(lines: Iterable[tuple[int, str]], labels: Iterable[str], file: Path) -> None:
    """Refuse what Quarto would act on in a document's Markdown and the renderer does not cover."""
    known = set(labels)
    for number, line in lines:
        for match in _INLINE_CELL.finditer(line):
            raise RenderError.at(file, number, f"inline {{{match[1]}}} code is not supported")
        plain = _INLINE_CODE.sub("", line)
        _check_shortcodes(plain, file, number)
        for pattern, what in _ELSEWHERE.items():
            if re.search(pattern, plain):
                raise RenderError.at(file, number, what)
        div = _DIV.match(plain)
        if div:
            _check_div(div["attributes"] or "", div["bare"] or "", file, number)
        else:
            for match in _ATTRIBUTES.finditer(plain):
                _check_classes(match["attributes"], HEADING_CLASSES, file, number)
                _check_values(match["attributes"], "attribute", INLINE_ATTRIBUTES, file, number)
        for name in _REFERENCE.findall(plain):
            if name not in known:
                raise _unknown(file, number, "cross-reference", f"@{name}", sorted(known))
        for name in _CITATION.findall(_REFERENCE.sub("", plain)):
            raise RenderError.at(file, number, f"citation @{name} is not supported")


def check_fence(info: str, file: Path, line: int) -> None:
    """Refuse attributes of a code block that Quarto would act on."""
    for match in _ATTRIBUTES.finditer(info):
        _check_classes(match["attributes"], (), file, line)
        _check_values(match["attributes"], "code block attribute", {}, file, line)


def _check_shortcodes(plain: str, file: Path, number: int) -> None:
    for match in _SHORTCODE.finditer(plain):
        if match[1] not in SHORTCODES:
            raise _unknown(file, number, "shortcode", match[1], SHORTCODES)
        if plain.strip() != match[0]:
            raise RenderError.at(file, number, f"shortcode {match[1]} needs a line of its own")


def _check(node: yaml.Node, rule: Rule, path: str, file: Path, line: int) -> None:
    at = line + node.start_mark.line
    if isinstance(rule, Mapping):
        if isinstance(node, yaml.ScalarNode) and node.value == "default":
            return
        if not isinstance(node, yaml.MappingNode):
            raise RenderError.at(file, at, f"{path or 'front matter'} must be a table of keys")
        for key, value in node.value:
            if key.value not in rule:
                where = line + key.start_mark.line
                kind = f"key under {path}" if path else "key"
                raise _unknown(file, where, kind, key.value, list(rule))
            _check(value, rule[key.value], f"{path}.{key.value}".lstrip("."), file, line)
        return
    value = yaml.safe_load(yaml.serialize(node))
    if isinstance(rule, set):
        if value not in rule or type(value) not in {type(allowed) for allowed in rule}:
            allowed = ", ".join(yaml.safe_dump(v).split("\n")[0] for v in sorted(rule, key=str))
            raise RenderError.at(
                file, at, f"{path}: {value!r} is not supported; allowed: {allowed}"
            )
    elif not isinstance(value, rule) or (rule is int and isinstance(value, bool)):
        kinds = rule if isinstance(rule, tuple) else (rule,)
        wanted = " or ".join(kind.__name__ for kind in kinds)
        raise RenderError.at(file, at, f"{path}: {value!r} must be {wanted}")


def _check_div(attributes: str, bare: str, file: Path, line: int) -> None:
    _check_classes(attributes or f".{bare}", DIV_CLASSES, file, line)
    _check_values(attributes, "div attribute", DIV_ATTRIBUTES, file, line)


def _check_values(
    attributes: str, kind: str, rules: Mapping[str, str], file: Path, line: int
) -> None:
    for name, quoted, bare in _ATTRIBUTE.findall(attributes):
        if name not in rules:
            raise _unknown(file, line, kind, name, rules)
        value = quoted or bare
        if not re.fullmatch(rules[name], value):
            raise RenderError.at(
                file, line, f"{kind} {name}={value} is not supported; allowed: {rules[name]}"
            )


def _check_classes(attributes: str, known: Iterable[str], file: Path, line: int) -> None:
    for name in re.findall(r"(?<![\w-])\.([\w-]+)", re.sub(r'"[^"]*"', "", attributes)):
        if _RESERVED.match(name) and name not in known:
            raise _unknown(file, line, "class", f".{name}", [f".{k}" for k in known])


def _unknown(file: Path, line: int, kind: str, name: str, known: Iterable[str]) -> RenderError:
    near = difflib.get_close_matches(name, list(known), n=1)
    hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known) or 'none'}"
    return RenderError.at(file, line, f"{kind} {name} is not supported; {hint}")
