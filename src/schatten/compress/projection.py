"""One shared projection of a state, for a recurrent matrix and all matrices that read the state.

This is the joint factorization of Prabhavalkar et al. (2016). A layer has a state h (H,) and a
recurrent matrix W_h; matrices W_x of the layer above read h too. All of them share one projection
P (r, H): W_h = Z_h P and W_x = Z_x P. The layer then only has to pass on P h, as an LSTM with
`proj_size` does.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from schatten.compress.activations import root_of, weighted
from schatten.compress.ranks import Spectrum
from schatten.compress.spectrum import singular_values


def share_projection(
    recurrent: Tensor, readers: Sequence[Tensor], rank: int, moment: Tensor | None = None
) -> tuple[Tensor, Tensor, list[Tensor]]:
    """Return P (r, H), Z_h (m, r) and one Z_x (k, r) for each of `readers` (k, H).

    P consists of the first r right singular vectors of `recurrent` (m, H), as in the paper.
    Z_h P is then the best approximation of `recurrent` at that rank. Each Z_x minimises
    ‖Z_x P - W_x‖. With the second `moment` (H, H) of h, the errors that are minimised are those of
    the products with h, on average: ‖(Z P - W) h‖.
    """
    root, inverse = root_of(moment, recurrent)
    _, _, right = torch.linalg.svd(recurrent.detach().double() @ root, full_matrices=False)
    basis = right[:rank]
    lefts = [
        (matrix.detach().double() @ root @ basis.T).to(matrix.dtype)
        for matrix in (recurrent, *readers)
    ]
    return (basis @ inverse).to(recurrent.dtype), lefts[0], lefts[1:]


def projection_spectrum(
    recurrent: Tensor, readers: Sequence[Tensor], moment: Tensor | None = None
) -> Spectrum:
    """Return the spectrum of a shared projection for rank rules.

    It has the singular values of `recurrent`. Each rank costs a row of the projection, and a column
    of Z_h and of each Z_x.
    """
    rows = sum(len(matrix) for matrix in (recurrent, *readers))
    return Spectrum(
        singular_values(weighted(recurrent, moment)), rows + recurrent.shape[1], whole=None
    )
