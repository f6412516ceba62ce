"""What a renderer is to those who use it: a function that executes, giving one that converts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mktorch.render.pages import Page

# A Quarto format (`html`, `typst`) -> the finished file's bytes.
Convert = Callable[[str], bytes]

# Executes a page for the formats wanted. Converting one page may overlap executing the next.
Engine = Callable[[Page, Sequence[str]], Convert]
