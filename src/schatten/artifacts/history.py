"""The training history of an acoustic model: `history.json` beside `model.pt`."""

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
    """Number of the epoch, from 1."""
    steps: int | None = None
    """Steps of this epoch."""
    train_loss: float | None = None
    """Mean loss of an utterance, natural log, without the penalty."""
    dev_loss: float | None = None
    """Mean loss of an utterance on dev, natural log."""
    dev_cer: float
    """Greedy unit error rate on the dev split, in percent."""
    learning_rate: float | None = None
    """Learning rate of the last step."""
    matrices: dict[str, MatrixMeasures]
    """Spectra by the matrix's name."""


class Point(Artifact):
    """A point of a training's curves: the steps since the point before it."""

    step: int
    """Steps done at its end."""
    epoch: float
    """Epochs done at its end; a fraction in the midst of one."""
    loss: float
    """Mean loss of an utterance in these steps, natural log, without the penalty."""
    learning_rate: float
    """Learning rate of its last step."""


class StoredMatrix(Artifact):
    """How a large matrix is stored for inference."""

    shape: tuple[int, int]
    rank: int | None
    """Inner dimension of its two factors; None if it is stored whole."""
    count: int | None = None
    """Number of parameters; those that are not zero, where it is sparse."""
    zeros: float | None = None
    """Share of its entries, or of those of its factors, that are zero by a mask."""
    int8_bytes: int | None = None
    """Bytes in int8: entries that are kept, an index of a bit a block, a scale a row."""

    @property
    def entries(self) -> int:
        """Entries of the matrix, or of its two factors, zeros included."""
        rows, columns = self.shape
        return rows * columns if self.rank is None else self.rank * (rows + columns)


class TrainedOn(Artifact):
    """The part of the training split that `Training.hours` chose; copies count once."""

    hours: float
    utterances: int
    speakers: int
    of_hours: float
    """Hours of the whole split."""
    of_utterances: int
    of_speakers: int

    def __str__(self) -> str:
        """Say it in a line."""
        return (
            f"{self.hours:.3f} of {self.of_hours:.3f} hours: {self.utterances} of "
            f"{self.of_utterances} utterances, {self.speakers} of {self.of_speakers} speakers"
        )


class History(Artifact):
    """The training history of an acoustic model."""

    system: str
    seed: int
    stage: str
    """`stage1`, `factored` or `stage2`."""
    parameters: int
    """Parameters stored at inference."""
    stored_parameters: dict[str, StoredMatrix]
    """Shapes and ranks by the matrix's name."""
    matrices: dict[str, MatrixMeasures] | None = None
    """Spectra of the model that is written, with averaged weights."""
    epochs: list[Epoch]
    """Epochs of this step alone."""
    points: list[Point] = []
    """Points of its curves; none in files of earlier versions."""
    trained_on: TrainedOn | None = None
    """The speech of the training, where it is a part of the split; missing elsewhere."""
    training_seconds: float
    """Seconds of this step alone, all its runs together."""
    torch: str
    date: str
    """Date of the end, YYYY-MM-DD in UTC."""
    commit: str
    """Commit of this project."""
    host: str
    cpu: str

    @property
    def zeros(self) -> int:
        """Entries of large matrices, or of their factors, that a mask keeps at zero."""
        return sum(one.entries - (one.count or 0) for one in self.sparse_matrices)

    @property
    def sparse_matrices(self) -> list[StoredMatrix]:
        """Large matrices with a mask."""
        return [one for one in self.stored_parameters.values() if one.zeros is not None]

    @property
    def stored_numbers(self) -> int:
        """Numbers that the engine's file has: it holds zeros too."""
        return self.parameters + self.zeros

    @property
    def seconds_per_epoch(self) -> float | None:
        """Mean over the step; None if nothing was trained."""
        return self.training_seconds / len(self.epochs) if self.epochs else None
