"""Acoustic models: features in, log-probabilities of CTC units out. They know no training."""

from schatten.models.acoustic import AcousticModel, build, load, save

__all__ = ["AcousticModel", "build", "load", "save"]
