"""One shared projection of a state, for a recurrent matrix and all matrices that read the state.

The joint factorization of Prabhavalkar et al. (2016): with the state h (H,) of a layer, its
recurrent matrix W_h and the matrices W_x that read h above, W_h = Z_h P and W_x = Z_x P with one
P (r, H). The projected state P h is then all that the layer hands on, as an LSTM with `proj_size`
does.
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
    """Return P (r, H), Z_h (m, r) and a Z_x (k, r) for each of `readers` (k, H).

    As in the paper, P spans the first right singular vectors of `recurrent` (m, H). Z_h P is its
    best product of that rank, and each Z_x minimises ‖Z_x P - W_x‖. With the second `moment` (H, H)
    of h, errors are those of the products with h: ‖(Z P - W) h‖, on average.
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
    """Return what rank rules use of a shared projection: the singular values of `recurrent`.

    A rank costs a row of P and a column of Z_h and of each Z_x.
    """
    rows = sum(len(matrix) for matrix in (recurrent, *readers))
    return Spectrum(
        singular_values(weighted(recurrent, moment)), rows + recurrent.shape[1], whole=None
    )
