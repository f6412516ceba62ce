"""Synthetic data with known truth: all thirteen sources, any size, the same bytes for one seed."""

from mktorch.synth.write import synth

__all__ = ["synth"]
