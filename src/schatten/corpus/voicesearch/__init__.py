"""The corpus `voicesearch_like`: queries of a grammar, spoken by espeak-ng, in noise and rooms.

The plan (`plan`) holds every draw, seeded by utterance. Each block of it is spoken by a new process
(`block`, `processes`), so that the number of processes changes no byte. Only light imports here:
every such process runs this file.
"""

from pathlib import Path

from schatten.recipe import Recipe


def make(recipe: Recipe, output: Path, jobs: int = 1, tasks: int = 1) -> None:
    """Write recordings, cuts and text below `output`; see `assemble.make`."""
    from schatten.corpus.voicesearch.assemble import make as assemble

    assemble(recipe, output, jobs, tasks)
