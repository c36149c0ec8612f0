"""How an acoustic model came about: `history.json` beside `model.pt`."""

from pydantic import ConfigDict

from schatten.artifacts.base import Artifact


class MatrixMeasures(Artifact):
    """The spectrum of a large matrix after an epoch."""

    nu: float
    """Nondimensional trace norm coefficient: 0 for rank 1, 1 for equal singular values.

    From the trace norm paper (Kliegl et al., 2018), section 3.1.
    """
    rank90: int
    """Smallest rank that holds 90 % of the variance."""


class Epoch(Artifact):
    """The model after an epoch, before any averaging of weights.

    Techniques may measure more than is declared here: such fields are kept.
    """

    model_config = ConfigDict(extra="allow")

    epoch: int | None = None
    """From 1."""
    steps: int | None = None
    """Of this epoch."""
    train_loss: float | None = None
    """Per utterance, natural log, with the penalty left out."""
    dev_loss: float | None = None
    """Per utterance, natural log."""
    dev_cer: float
    """Greedy, on the dev split, in percent."""
    learning_rate: float | None = None
    """Of the last step."""
    matrices: dict[str, MatrixMeasures]
    """By the matrix's name."""


class StoredMatrix(Artifact):
    """How a large matrix is stored for inference."""

    shape: tuple[int, int]
    rank: int | None
    """Inner dimension of its two factors; None where it is stored whole."""
    count: int | None = None
    """Parameters."""


class History(Artifact):
    """How an acoustic model came about."""

    system: str
    seed: int
    stage: str
    """`stage1`, `factored` or `stage2`."""
    parameters: int
    """As stored at inference."""
    stored_parameters: dict[str, StoredMatrix]
    """By the matrix's name."""
    matrices: dict[str, MatrixMeasures] | None = None
    """Of the model that is written, weights averaged."""
    epochs: list[Epoch]
    """Of this stage alone."""
    training_seconds: float
    """Of this stage alone, all its runs together."""
    torch: str
    date: str
    """Of the end, YYYY-MM-DD in UTC."""
    commit: str
    """Of this project."""
    host: str
    cpu: str

    @property
    def seconds_per_epoch(self) -> float | None:
        """Mean over the stage; none where nothing was trained."""
        return self.training_seconds / len(self.epochs) if self.epochs else None
