"""Quarto documents into HTML and PDF: by Quarto where it is found, else by parts from wheels.

Both render the same `.qmd` files with the same parameters; see docs/rendering.md.
"""

from mktorch.render.choose import Choice, choose
from mktorch.render.errors import RenderError
from mktorch.render.pack import Progress, Rendered, render
from mktorch.render.pages import documents

__all__ = ["Choice", "Progress", "RenderError", "Rendered", "choose", "documents", "render"]
