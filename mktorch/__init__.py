"""mktorch: marketing records into governed decisions and board-ready reports."""

__version__ = "0.1.0"
