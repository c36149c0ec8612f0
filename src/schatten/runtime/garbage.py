"""How often a process looks for garbage: circles of objects that nothing else holds.

Python looks each time that 700 more objects were made than freed. Imports and plans of workflows
make objects that stay: looking through them finds nothing.
"""

import gc

_ALLOCATIONS = 50_000
"""Objects that are made before Python looks.

With the default a plan of 700 jobs looked 860 times, in a sixth of its CPU time; torch's imports
took 1.65 s in place of 1.45 s. Memory of the plan is the same with any number up to a hundred
million.
"""
_USUAL = gc.get_threshold()
_of_imports: set[str] = set()
"""Holds a name while `begin_imports` has an effect."""


def collect_seldom() -> None:
    """Look for garbage seldom from now on, in a process whose objects stay.

    For Snakemake alone: in a training a circle that holds tensors must not wait.
    """
    _of_imports.clear()
    gc.set_threshold(_ALLOCATIONS)


def begin_imports() -> None:
    """Look for garbage seldom until `end_imports`."""
    collect_seldom()
    _of_imports.add("imports")


def end_imports() -> None:
    """Look for garbage as usual again, if `begin_imports` was the last to change that."""
    if _of_imports:
        _of_imports.clear()
        gc.set_threshold(*_USUAL)
