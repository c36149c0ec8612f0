"""One large matrix: dense, or the product of two factors."""

from torch import Tensor, nn


class Weight(nn.Module):
    """A matrix W of m rows and n columns, stored dense or as U (m x r) times V (r x n).

    `recurrent` says which lambda a penalty uses for it.
    """

    def __init__(self, matrix: Tensor, recurrent: bool = False) -> None:
        """Store `matrix` (m, n) dense."""
        super().__init__()
        self.shape: tuple[int, int] = (matrix.shape[0], matrix.shape[1])
        self.recurrent = recurrent
        self.dense: nn.Parameter | None = nn.Parameter(matrix.detach().clone())
        self.u: nn.Parameter | None = None
        self.v: nn.Parameter | None = None

    @property
    def rank(self) -> int | None:
        """Inner dimension of the factors; none when dense."""
        return None if self.u is None else self.u.shape[1]

    @property
    def is_factored(self) -> bool:
        """Whether W is stored as U V."""
        return self.u is not None

    @property
    def parameters_stored(self) -> int:
        """Numbers stored: m n, or r (m + n)."""
        rows, columns = self.shape
        return rows * columns if self.rank is None else self.rank * (rows + columns)

    def forward(self) -> Tensor:
        """Return W (m, n), formed from its factors where there are any."""
        if self.u is not None and self.v is not None:
            return self.u @ self.v
        assert self.dense is not None
        return self.dense

    def store_dense(self) -> None:
        """Multiply the factors out."""
        matrix = self().detach().clone()
        self.dense, self.u, self.v = nn.Parameter(matrix), None, None

    def store_factors(self, u: Tensor, v: Tensor) -> None:
        """Store W as `u` (m, r) times `v` (r, n)."""
        if (u.shape[0], v.shape[1]) != self.shape or u.shape[1] != v.shape[0]:
            raise ValueError(
                f"factors {tuple(u.shape)} and {tuple(v.shape)} do not make {self.shape}"
            )
        self.dense = None
        self.u, self.v = nn.Parameter(u.detach().clone()), nn.Parameter(v.detach().clone())

    def reserve_rank(self, rank: int | None) -> None:
        """Take the storage form of a rank (none: dense) without values, before loading a state."""
        rows, columns = self.shape
        if rank is None:
            self.store_dense()
        else:
            like = next(self.parameters())
            self.store_factors(like.new_zeros(rows, rank), like.new_zeros(rank, columns))
