"""Text from the data stays text in every language a page passes through."""

from __future__ import annotations

import html
import re

import pypandoc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mktorch.display import escape

HOSTILE = (
    "<script>alert(1)</script>",
    "{{< pagebreak >}}",
    "{{< include /etc/passwd >}}",
    "```{=html} <img src=x> ```",
    '#panic("x") $x$ *b* _i_ @ref <label>',
    '"]) #image("/etc/passwd")',
    "\\u{23} \\ `code` ~x~ [a](b){.c}",
    "::: {.callout-note}",
    "=HYPERLINK(1)",
    "& &lt; &#60;",
)
text = st.text(max_size=60)


@given(text)
def test_html_reads_back_as_the_cleaned_text(value: str) -> None:
    written = escape.html(value)
    assert html.unescape(written) == escape.clean(value)
    assert not set("<>\"'`{}") & set(written)


@given(text)
def test_a_typst_literal_reads_back_and_holds_no_markup(value: str) -> None:
    literal = escape.typst_string(value)
    inner = literal[1:-1]
    back = re.sub(r"\\u\{([0-9a-f]+)\}", lambda m: chr(int(m[1], 16)), inner)
    assert back == escape.clean(value)
    assert not set('"#$*`<>@[]~&') & set(inner)
    assert "{{<" not in inner


@given(text)
def test_clean_text_is_one_line_without_controls(value: str) -> None:
    assert not re.search(
        r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", escape.clean(value)
    )


@pytest.mark.parametrize("value", HOSTILE)
def test_markdown_is_read_by_pandoc_as_the_text_itself(value: str) -> None:
    plain = pypandoc.convert_text(escape.markdown(value), "plain", "markdown", ["--wrap=none"])
    assert plain.strip() == value


@pytest.mark.parametrize("value", HOSTILE)
def test_typst_sets_the_text_itself(value: str) -> None:
    import io

    import pdfplumber
    import typst

    pdf = typst.compile(f"#set page(width: 40cm)\n{escape.typst(value)}".encode())
    with pdfplumber.open(io.BytesIO(pdf)) as file:
        assert file.pages[0].extract_text().splitlines()[0] == value


def test_a_negative_amount_is_kept_whole_in_typst() -> None:
    assert escape.typst("(\u22129.5%): x") == '#"("#box("\u22129.5%")#"): x"'
    assert escape.typst("down \u2212$5.") == '#"down "#box("\u2212\\u{24}5")#"."'


@settings(max_examples=50)
@given(text, st.integers(3, 20))
def test_breakable_adds_only_places_to_break(value: str, longest: int) -> None:
    broken = escape.breakable(value, longest)
    assert broken.replace("\u200b", "") == value.replace("\u200b", "")
    assert all(len(word) <= longest for word in re.split(r"[\s\u200b]", broken))


def test_names_in_other_scripts_are_untouched() -> None:
    for name in ("حملة الربيع", "日本語", "Žluťoučký", "🚀 Launch"):
        assert escape.clean(name) == name
        assert escape.html(name) == name
