"""Synthetic data with known truth: all thirteen sources, any size, the same bytes for one seed."""

from mktorch.synth.faults import plant_faults
from mktorch.synth.model import SynthError
from mktorch.synth.write import synth

__all__ = ["SynthError", "plant_faults", "synth"]
