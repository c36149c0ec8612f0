"""The recipe's `figures`: curves that need more results than the tables do.

Each point of the language model curve is an ordinary language model. This module names it.
"""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from schatten.recipe.base import Beam, Name, Positive, PositiveFloat, Settings
from schatten.recipe.language_models import LanguageModel, Prune

WHOLE_BITS = 32
"""Bits of a weight that is not quantized."""

History = Literal["own", "witten_bell"]
Bits = Annotated[int, Field(ge=2, le=WHOLE_BITS)]


class LmCurve(Settings):
    """Size against perplexity and WER: one language model with several prunings and bit widths.

    Each variant is tuned on dev. It is decoded with the baseline of the tables, on dev and on the
    main test split. The language models of the tables are points too.
    """

    language_model: Name
    """One of `language_models`. Its estimation settings are used, but not its pruning and bits."""
    thresholds: tuple[PositiveFloat, ...] = Field(default=(1e-8, 1e-7, 1e-6, 1e-5), min_length=1)
    """Thresholds of entropy pruning. The unpruned model is a point too."""
    histories: tuple[History, ...] = Field(default=("own", "witten_bell"), min_length=1)
    """Models that give the probabilities of histories (see `Prune`)."""
    quantize_bits: tuple[Bits, ...] = Field(default=(WHOLE_BITS, 8), min_length=1)
    """Bits for probabilities and back-off weights; 32 means floats."""

    def variants(self, base: LanguageModel) -> Iterator[tuple[str, LanguageModel]]:
        """Yield each pruned or quantized variant of `base`, with its name."""
        for name, pruned, bits in self._ways():
            prune = None if pruned is None else Prune(threshold=pruned[0], history=pruned[1])
            stored = None if bits == WHOLE_BITS else bits
            yield name, base.model_copy(update={"prune": prune, "quantize_bits": stored})

    @property
    def names(self) -> list[str]:
        """Names of the variants.

        No variant is built for this, because planning a run asks for the names thousands of times.
        """
        return [name for name, _, _ in self._ways()]

    def _ways(self) -> Iterator[tuple[str, tuple[float, History] | None, int]]:
        """Yield for each variant its name, the threshold and history of its pruning, its bits."""
        for bits in self.quantize_bits:
            yield f"{self.language_model}.whole.{bits}bit", None, bits
            for history in self.histories:
                for threshold in self.thresholds:
                    short = f"{threshold:g}"  # all digits where six are another threshold
                    said = short if float(short) == threshold else repr(threshold)
                    name = f"{self.language_model}.{said}.{history}.{bits}bit"
                    yield name, (threshold, history), bits


class BeamCurve(Settings):
    """WER and speed of the search against beam width, with the baseline of the tables, on dev."""

    beams: tuple[Beam, ...] = Field(default=(5, 10, 20, 50, 100, 200), min_length=2)
    """Beam widths: numbers of hypotheses kept."""
    rounds: Positive = 3
    """How often each beam width is timed, in rotation. The shortest time counts."""


class Figures(Settings):
    """Figures that need more results than the tables do."""

    lm_curve: LmCurve | None = None
    """Size of the language model against perplexity and WER."""
    beam: BeamCurve | None = None
    """Speed and WER against beam width, for each language model of the tables."""
