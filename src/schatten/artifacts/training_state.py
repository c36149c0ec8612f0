"""The folder of a training that goes on, `state/KEY`: what it is of, and how far it is."""

from pathlib import Path

from schatten.artifacts.base import Artifact
from schatten.artifacts.history import Epoch, Point

ROOT = Path("state")
"""Folder of all states, in the project's folder."""
NOTE = "state.json"
"""Name of the file that says which model a state is of, and what it reads."""
PROGRESS = "progress.json"
"""Name of the file that says how far a training is."""


class StateNote(Artifact):
    """What a state is of: absolute paths."""

    output: str
    """The model that is trained."""
    inputs: list[str]


class Progress(Artifact):
    """How far a training is, as of its last checkpoint."""

    planned: int
    """Epochs that it will have."""
    epochs: list[Epoch]
    points: list[Point]
