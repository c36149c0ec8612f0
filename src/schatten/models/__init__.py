"""Acoustic models: features in, log-probabilities of CTC units out. They know no training."""

from schatten.models.acoustic import AcousticModel
from schatten.models.store import build, load, read, save

__all__ = ["AcousticModel", "build", "load", "read", "save"]
