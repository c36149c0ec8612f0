"""How often the process of the workflow looks for garbage."""

import gc

_ALLOCATIONS = 50_000
"""Objects that are made before Python looks for circles among them; its own default is 700.

A plan of 700 jobs looked 860 times, which took a sixth of its CPU time and found nothing: its
objects stay until the end. Its memory is the same with any number up to a hundred million.
"""


def collect_seldom() -> None:
    """Let Python look for garbage seldom, in a process whose objects stay.

    For Snakemake alone: in a training a circle that holds tensors must not wait.
    """
    gc.set_threshold(_ALLOCATIONS)
