"""Quarto documents into HTML and PDF: by Quarto where it is found, else by parts from wheels.

Both render the same `.qmd` files with the same parameters; see docs/rendering.md.
"""

from mktorch.render.errors import RenderError
from mktorch.render.pack import Rendered, documents, render

__all__ = ["RenderError", "Rendered", "documents", "render"]
