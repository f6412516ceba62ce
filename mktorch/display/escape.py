"""Text from the data as text: the one place that makes it harmless in every language of a page.

A page passes through HTML, Typst, pandoc's Markdown and Quarto's shortcodes. Each function here
returns text that reads the same in its target and cannot act in any of the others.
"""

from __future__ import annotations

import re

from mktorch.formats import clean as clean

_HTML = str.maketrans({char: f"&#{ord(char)};" for char in "&<>\"'`{}"})
_TYPST_PLAIN = frozenset(" .,:;()%+-/_=!?'|^")
_NEGATIVE = re.compile(r"(\u2212\S*\d[%\u00d7KMB]?)")
_AMOUNT = re.compile("(\u2212\\S{0,4}?\\d+(?:[.,]\\d+)*[%\u00d7]?)")
_LINE = 40  # letters of a word that no line need be wider than
_ZERO_WIDTH_SPACE = "\u200b"


def html(text: object) -> str:
    """Text for an HTML element or a quoted attribute.

    >>> html('<b>&')
    '&#60;b&#62;&#38;'
    """
    return clean(str(text)).translate(_HTML)


def html_prose(text: object) -> str:
    """Text for an HTML element, whose lines do not end between an amount's sign and its digits.

    >>> html_prose("Spring lost \u2212$5.")
    'Spring lost <bdi class="mk-whole">\u2212$5</bdi>.'
    """
    parts = _AMOUNT.split(clean(str(text)))
    return "".join(
        f'<bdi class="mk-whole">{html(part)}</bdi>' if i % 2 else html(part)
        for i, part in enumerate(parts)
    )


def html_cell(text: object) -> str:
    """Text for a table's cell in HTML: a long word may break where `breakable` says.

    >>> html_cell("thresholds.exceeding_expectations")
    'thresholds.<wbr>exceeding_<wbr>expectations'
    """
    return html_prose(breakable(clean(str(text)))).replace(_ZERO_WIDTH_SPACE, "<wbr>")


def typst_string(text: object) -> str:
    """A Typst string literal, quotes included, for use inside code.

    >>> typst_string('a "b" #c')
    '"a \\\\u{22}b\\\\u{22} \\\\u{23}c"'
    """
    return '"' + "".join(map(_typst_char, clean(str(text)))) + '"'


def typst(text: object) -> str:
    """Text for Typst markup: string literals, which are never read as markup.

    A negative amount is boxed: a line must not end between its sign, its digits and its unit.

    >>> typst("Spring")
    '#"Spring"'
    """
    parts = _NEGATIVE.split(clean(str(text)))
    return "".join(
        f"#box({typst_string(part)})" if i % 2 else f"#{typst_string(part)}"
        for i, part in enumerate(parts)
        if part or len(parts) == 1
    )


def typst_prose(text: object) -> str:
    """Typst markup of a sentence: its words may break once they are as long as a line."""
    return typst(breakable(clean(str(text)), _LINE))


def markdown(text: object) -> str:
    """Text for pandoc's Markdown and for YAML metadata that pandoc reads as Markdown.

    >>> markdown("*Acme* {{< x >}}")
    '\\\\*Acme\\\\* \\\\{\\\\{\\\\< x \\\\>\\\\}\\\\}'
    """
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", clean(str(text)))


def breakable(text: str, longest: int = 16) -> str:
    """Text whose long words may break: after a joint (`_ - / . |`), else every `longest` letters.

    >>> breakable("conversion_rate_delta").split(chr(0x200b))
    ['conversion_', 'rate_', 'delta']
    >>> breakable("a" * 20).split(chr(0x200b))
    ['aaaaaaaaaaaaaaaa', 'aaaa']
    """

    def broken(word: re.Match[str]) -> str:
        jointed = re.sub(r"(?<=\w)([_\-/.|])(?=\w)", rf"\1{_ZERO_WIDTH_SPACE}", word[0])
        return re.sub(
            rf"([^\s{_ZERO_WIDTH_SPACE}]{{{longest}}})(?=[^\s{_ZERO_WIDTH_SPACE}])",
            rf"\1{_ZERO_WIDTH_SPACE}",
            jointed,
        )

    return re.sub(rf"\S{{{longest + 1},}}", broken, text)


def fenced(text: str, info: str) -> str:
    """Text in a Markdown fence longer than any run of backticks within it.

    >>> fenced("a ``` b", "=html").splitlines()[0]
    '````{=html}'
    """
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    marks = "`" * max(3, longest + 1)
    return f"{marks}{{{info}}}\n{text}\n{marks}"


def slug(text: str) -> str:
    """An id fit for HTML, Typst and a URL.

    >>> slug("Ledger & metrics!")
    'ledger-metrics'
    """
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _typst_char(char: str) -> str:
    plain = char in _TYPST_PLAIN or (char.isalnum() if char.isascii() else True)
    return char if plain else f"\\u{{{ord(char):x}}}"
