"""What other steps wrote, checked as it is read: histories of training, sizes of models and data.

A field that is missing or of a wrong type is a `UserError` that names the file.
"""

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from schatten.errors import UserError
from schatten.runtime import files


class Artifact(BaseModel):
    """A JSON file made by another step; fields that nobody here needs are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)


A = TypeVar("A", bound=Artifact)


def read(path: Path, kind: type[A]) -> A:
    """Read and check a JSON artifact.

    Errors: `UserError` where it is missing, damaged, or not of this kind.
    """
    try:
        return kind.model_validate(files.read_json(path))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise UserError(
            f"{path} is not what this version of schatten writes ({place}: {first['msg']}): "
            "remove it and run again"
        ) from None


class MatrixMeasures(Artifact):
    """The spectrum of a large matrix after an epoch."""

    nu: float
    """Nondimensional trace norm coefficient (T, section 3.1): 0 for rank 1, 1 for equal values."""
    rank90: int
    """Smallest rank that holds 90 % of the variance."""


class Epoch(Artifact):
    """The model after an epoch, before any averaging of weights."""

    dev_cer: float
    """Greedy, on the dev split, in percent."""
    matrices: dict[str, MatrixMeasures]


class StoredMatrix(Artifact):
    """How a large matrix is stored for inference."""

    shape: tuple[int, int]
    rank: int | None
    """Inner dimension of its two factors; None where it is stored whole."""


class History(Artifact):
    """How an acoustic model came about; `history.json` beside `model.pt`."""

    stage: str
    parameters: int
    """As stored at inference."""
    stored_parameters: dict[str, StoredMatrix]
    epochs: list[Epoch]
    """Of this stage alone."""
    training_seconds: float
    """Of this stage alone, all its runs together."""
    host: str
    cpu: str
    torch: str
    date: str
    commit: str

    @property
    def seconds_per_epoch(self) -> float | None:
        """Mean over the stage; none where nothing was trained."""
        return self.training_seconds / len(self.epochs) if self.epochs else None


class Perplexity(Artifact):
    """Of a language model on dev, words it does not know left out."""

    perplexity: float


class Latency(Artifact):
    """The algorithmic latency of a model."""

    seconds: float


class Exported(Artifact):
    """A model for the engine; `model.PRECISION.json` beside the GGUF file."""

    bytes: int
    latency: Latency


class Measured(Artifact):
    """How fast a bundle runs on a device; `measured.json`. What is not known is None."""

    device: str
    """Its title."""
    cpu: str | None
    """Of this host."""
    is_modelled: bool
    """Whether the speed is an estimate, and not a time."""
    utterances: int
    differing: int
    """Utterances whose words are not those of this host's engine."""
    audio_seconds: float
    speed_up: float | None
    """Seconds of sound over seconds of computing."""
    acoustic_share: float | None
    """Of the computing time."""
    peak_megabytes: float | None
    load_seconds: float | None
    first_seconds: float | None
    """From the beginning of its word to the first text, sound coming in real time (mean)."""
    final_seconds: float | None
    """From the last sample to the final text (mean)."""
    date: str


class BundledFile(Artifact):
    """A file of a bundle."""

    bytes: int


class Manifest(Artifact):
    """What a bundle for a device holds; `manifest.json` there."""

    files: dict[str, BundledFile]
    bytes: int
    """Of all of them."""


class LmInfo(Artifact):
    """Size of a language model; `info.json` in its folder."""

    ngrams: list[int]
    """By order, 1-grams first."""
    bytes: dict[str, int]
    """Sizes of its files."""
    dev: Perplexity | None = None
    """A word, or a character where the model is one of characters."""

    @property
    def total(self) -> int:
        """N-grams of all orders."""
        return sum(self.ngrams)

    @property
    def megabytes(self) -> float:
        """Size of the binary model in 10^6 bytes."""
        return self.bytes["bin"] / 1e6


class Weights(Artifact):
    """Tuned on dev; `weights.json`. Natural logarithms."""

    lm_weight: float
    word_bonus: float


class BeamPoint(Artifact):
    """A search with one beam."""

    beam: int
    wer: float
    """Percent, on dev."""
    differing: int
    """Utterances whose words are not those of the widest beam."""
    seconds: float
    """To decode dev, without the acoustic model."""


class Beams(Artifact):
    """Speed and errors of a search against its beam; `beams.json`."""

    utterances: int
    seconds_of_audio: float
    beams: list[BeamPoint]


class SplitSize(Artifact):
    """What the validator counted in a split."""

    utterances: int
    words: int
    hours: float
    speakers: int


class Validation(Artifact):
    """The validator's report; `validation.json` of a corpus."""

    splits: dict[str, SplitSize]


class OutOfLexicon(Artifact):
    """What words out of the lexicon make of a score; rates in percent of all words."""

    percent: float
    wer: float
    """Points of WER that their own errors make."""


class Score(Artifact):
    """How well a split was recognised; `{split}.score.json`. Rates and their ends in percent."""

    wer: float
    cer: float
    wer_interval: tuple[float, float]
    cer_interval: tuple[float, float]
    substitutions: int
    deletions: int
    insertions: int
    words: int
    out_of_lexicon: OutOfLexicon | None = None
    """None where nothing says what words were known."""
