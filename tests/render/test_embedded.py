"""The embedded renderer, feature by feature, in both formats."""

from __future__ import annotations

import re

import pytest

from mktorch.render.errors import RenderError
from tests.render.conftest import pdf_text

FRONT = "---\ntitle: A page\nsubtitle: Below\nexecute: {echo: false, warning: false}\n---\n\n"


def body(page: bytes) -> str:
    return page.decode().partition("<main>")[2].partition("</main>")[0]


def both(convert_text, text: str, **parameters) -> tuple[str, str]:
    page = convert_text(FRONT + text, "html", **parameters)
    return body(page), pdf_text(convert_text(FRONT + text, "typst", **parameters))


def test_parameters_replace_their_defaults(convert_text) -> None:
    text = (
        "```{python}\n#| tags: [parameters]\nname = 'x'\n```\n\n```{python}\nprint(name * 2)\n```\n"
    )
    for shown in both(convert_text, text, name="ab"):
        assert "abab" in shown
    with pytest.raises(RenderError, match=r"no parameter 'nmae'; it declares: name"):
        convert_text(FRONT + text, "html", nmae="x")


def test_cells_share_a_clean_start(convert_text) -> None:
    convert_text(FRONT + "```{python}\nheld = 1\n```\n", "html")
    with pytest.raises(RenderError, match="NameError"):
        convert_text(FRONT + "```{python}\nheld\n```\n", "html")


def test_a_failing_cell_names_cell_line_and_cause(convert_text) -> None:
    text = FRONT + "```{python}\n#| label: sums\na = 1\nb = a / 0\n```\n"
    with pytest.raises(RenderError) as caught:
        convert_text(text, "html")
    message = str(caught.value)
    assert message.startswith("page.qmd:10: cell 'sums' failed: ZeroDivisionError")
    assert "b = a / 0" in message
    assert "\x1b" not in message


def test_output_options(convert_text) -> None:
    text = (
        "```{python}\n#| output: false\nprint('hidden-1')\n```\n\n"
        "```{python}\n#| include: false\nprint('hidden-2')\n```\n\n"
        "```{python}\n#| eval: false\n#| echo: true\nprint('only code')\n```\n\n"
        "```{python}\n#| output: asis\nprint('**strong**')\n```\n\n"
        "```{python}\nimport warnings; warnings.warn('quiet')\n```\n\n"
        "````{python}\nprint('before', '```', '# after', sep=chr(10))\n````\n"
    )
    page, words = both(convert_text, text)
    for shown in (page, words):
        assert "hidden" not in shown
        assert "only code" in shown
        assert "quiet" not in shown
        assert "# after" in shown
    assert "<strong>strong</strong>" in page
    assert "<h1" not in page.partition("</header>")[2]
    assert "strong" in words


def test_figures_tables_and_references(convert_text) -> None:
    text = (
        "See @fig-a, @tbl-b and @tbl-c.\n\n"
        "```{python}\n#| label: tbl-b\n#| tbl-cap: First *table*\n"
        "from IPython.display import Markdown\nMarkdown('| x |\\n|---|\\n| 1 |')\n```\n\n"
        '```{python}\n#| label: fig-a\n#| fig-cap: A drawing\n#| fig-alt: Words & "more"\n'
        "from IPython.display import SVG\n"
        'SVG(\'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>\')\n```\n\n'
        "::: {#tbl-c}\n\n| y |\n|---|\n| 2 |\n\nSecond\n\n:::\n"
    )
    page, words = both(convert_text, text)
    assert '<a href="#fig-a">Figure\u00a01</a>' in page
    assert '<a href="#tbl-c">Table\u00a02</a>' in page
    assert 'id="tbl-b"' in page
    assert re.search(r"Table\u00a01:</span> First <em>table</em>", page)
    assert 'alt="Words &amp; &quot;more&quot;"' in page
    assert "data:image/svg+xml" in page
    assert "See Figure 1, Table 1 and Table 2." in words.replace("\u00a0", " ")
    assert "Figure 1: A drawing" in words.replace("\u00a0", " ")


def test_callouts_columns_and_content_for_one_format(convert_text) -> None:
    text = (
        '::: {.callout-warning title="Take $care"}\nInside.\n:::\n\n'
        "::: callout-tip\n## Headed\nBody.\n:::\n\n"
        ':::: {.columns}\n::: {.column width="30%"}\nLeft\n:::\n'
        '::: {.column width="70%"}\nRight\n:::\n::::\n\n'
        "::: {layout-ncol=2}\nOne\n\nTwo\n:::\n\n"
        '::: {.content-visible when-format="html"}\nOnly page\n:::\n\n'
        '::: {.content-hidden when-format="html"}\nOnly print\n:::\n'
    )
    page, words = both(convert_text, text)
    for shown in (page, words):
        for word in ("Take $care", "Inside.", "Headed", "Body.", "Left", "Right", "One", "Two"):
            assert word in shown
    assert "Only page" in page
    assert "Only print" not in page
    assert "Only print" in words
    assert "Only page" not in words
    assert re.search(r"Left +Right|Left\nRight", words)


def test_page_breaks_and_contents(convert_text) -> None:
    front = "---\ntitle: A page\ntoc: true\n---\n\n"
    text = front + "## First\n\nA\n\n{{< pagebreak >}}\n\n## Second\n\nB\n"
    page = body(convert_text(text, "html"))
    assert '<nav id="TOC"' in page
    assert 'href="#second"' in page
    assert 'class="pagebreak"' in page
    pdf = convert_text(text, "typst")
    import io

    import pdfplumber

    with pdfplumber.open(io.BytesIO(pdf)) as file:
        assert len(file.pages) == 2
        assert "Second" in file.pages[1].extract_text()


def test_html_alone_cannot_go_into_a_pdf(convert_text) -> None:
    text = (
        FRONT
        + "```{python}\n#| label: x\nfrom IPython.display import HTML\nHTML('<b>x</b>')\n```\n"
    )
    assert "<b>x</b>" in body(convert_text(text, "html"))
    with pytest.raises(RenderError, match=r"cell 'x' shows .*text/html.* none of which typst"):
        convert_text(text, "typst")


def test_what_pandoc_and_typst_say_reaches_the_reader(convert_text) -> None:
    with pytest.raises(RenderError, match="Typst could not set it"):
        convert_text(FRONT + "```{=typst}\n#nothing-here()\n```\n", "typst")
    with pytest.raises(RenderError, match="pandoc could not convert"):
        convert_text(FRONT + "![](gone.png)\n", "html")


def test_title_and_language_are_set(convert_text) -> None:
    text = "---\ntitle: Ein Bericht\nlang: de\n---\n\nText\n"
    page = convert_text(text, "html").decode()
    assert '<html lang="de">' in page
    assert "<title>Ein Bericht</title>" in page
