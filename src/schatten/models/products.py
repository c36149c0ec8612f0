"""The precision of fp32 products on a CPU: fp32, or inputs rounded to bf16."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

_MATMUL = torch.backends.mkldnn.matmul  # type: ignore[attr-defined]
"""oneDNN's settings of matrix products; only there torch rounds the inputs of an fp32 product."""


def round_products(to_bf16: bool) -> None:
    """Round the inputs of fp32 products to bf16 from now on, if the CPU has instructions for it.

    Sums stay fp32. Convolutions are left out: theirs were slower (docs/performance.md).
    """
    _MATMUL.fp32_precision = "bf16" if to_bf16 else "ieee"


@contextmanager
def exact_products() -> Iterator[None]:
    """Compute products in fp32 inside, whatever `round_products` says.

    For the product of a frame: with few rows, rounding the matrix takes longer than it saves.
    """
    found = _MATMUL.fp32_precision
    _MATMUL.fp32_precision = "ieee"
    try:
        yield
    finally:
        _MATMUL.fp32_precision = found
