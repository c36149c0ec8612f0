"""The recipe's `figures`: curves that need more than the tables do, such as other language models.

A point of the language model curve is an ordinary language model. This module gives it its name.
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
    """Size against perplexity and WER: a language model, pruned and quantized in many ways.

    Each way is tuned on dev and decoded with the baseline of the tables, on dev and the main test
    split. The language models of the tables are points too.
    """

    language_model: Name
    """One of `language_models`: how it is estimated; its own pruning and bits are not used."""
    thresholds: tuple[PositiveFloat, ...] = Field(default=(1e-8, 1e-7, 1e-6, 1e-5), min_length=1)
    """Thresholds of entropy pruning; the unpruned model is a point too."""
    histories: tuple[History, ...] = Field(default=("own", "witten_bell"), min_length=1)
    """Models that give the probabilities of histories (see `Prune`)."""
    quantize_bits: tuple[Bits, ...] = Field(default=(WHOLE_BITS, 8), min_length=1)
    """Bits for probabilities and back-off weights; 32 for floats."""

    def variants(self, base: LanguageModel) -> Iterator[tuple[str, LanguageModel]]:
        """Yield each pruned or quantized variant of `base`, with its name."""
        for name, pruned, bits in self._ways():
            prune = None if pruned is None else Prune(threshold=pruned[0], history=pruned[1])
            stored = None if bits == WHOLE_BITS else bits
            yield name, base.model_copy(update={"prune": prune, "quantize_bits": stored})

    @property
    def names(self) -> list[str]:
        """Names of the variants. (Planning asks for them thousands of times, so none is made.)"""
        return [name for name, _, _ in self._ways()]

    def _ways(self) -> Iterator[tuple[str, tuple[float, History] | None, int]]:
        """Yield the name of each variant, threshold and history of its pruning, and its bits."""
        for bits in self.quantize_bits:
            yield f"{self.language_model}.whole.{bits}bit", None, bits
            for history in self.histories:
                for threshold in self.thresholds:
                    short = f"{threshold:g}"  # all digits where six are another threshold
                    said = short if float(short) == threshold else repr(threshold)
                    name = f"{self.language_model}.{said}.{history}.{bits}bit"
                    yield name, (threshold, history), bits


class BeamCurve(Settings):
    """WER and speed of the search against its beam, with the baseline of the tables, on dev."""

    beams: tuple[Beam, ...] = Field(default=(5, 10, 20, 50, 100, 200), min_length=2)
    """Hypotheses kept."""
    rounds: Positive = 3
    """How often each beam is timed, in rotation; the least time counts."""


class Figures(Settings):
    """Figures besides those that the tables' own results give."""

    lm_curve: LmCurve | None = None
    """Size of a language model against perplexity and WER."""
    beam: BeamCurve | None = None
    """Speed and WER against beam width, for each language model of the tables."""
