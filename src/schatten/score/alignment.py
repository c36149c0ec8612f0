"""Aligns an utterance's hypothesis with its transcript."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import kaldialign

from schatten.transcripts import Utterance

_GAP = ""  # no word is empty


@dataclass(frozen=True)
class Aligned:
    """An utterance, its hypothesis, and the errors."""

    reference: Utterance
    hypothesis: tuple[str, ...]
    pairs: list[tuple[str, str]]
    """Pairs of words of transcript and hypothesis, in order; "" where one has no word."""
    char_errors: int
    """Errors over characters; the spaces between words are characters."""
    chars: int
    """Characters of the transcript, spaces between words included."""

    @property
    def words(self) -> int:
        """Words of the transcript."""
        return len(self.reference.words)

    @property
    def substitutions(self) -> int:
        """Substitutions: words recognised as others."""
        return sum(1 for said, heard in self.pairs if said and heard and said != heard)

    @property
    def deletions(self) -> int:
        """Deletions: words missed."""
        return sum(1 for _, heard in self.pairs if not heard)

    @property
    def insertions(self) -> int:
        """Insertions: words that were not said."""
        return sum(1 for said, _ in self.pairs if not said)

    @property
    def errors(self) -> int:
        """Substitutions, deletions and insertions: the edit distance."""
        return sum(1 for said, heard in self.pairs if said != heard)


def align(reference: Utterance, hypothesis: Sequence[str]) -> Aligned:
    """Align a hypothesis with a transcript, with the fewest errors."""
    said, heard = " ".join(reference.words), " ".join(hypothesis)
    return _aligned(reference, hypothesis, kaldialign.edit_distance(said, heard), len(said))


def align_units(reference: Utterance, hypothesis: Sequence[str]) -> Aligned:
    """Align units with those of a transcript; a unit counts as one character too."""
    said, heard = list(reference.words), list(hypothesis)
    return _aligned(reference, heard, kaldialign.edit_distance(said, heard), len(said))


def _aligned(
    reference: Utterance, hypothesis: Sequence[str], distance: Mapping[str, int], chars: int
) -> Aligned:
    return Aligned(
        reference=reference,
        hypothesis=tuple(hypothesis),
        pairs=kaldialign.align(list(reference.words), list(hypothesis), _GAP),
        char_errors=distance["total"],
        chars=chars,
    )
