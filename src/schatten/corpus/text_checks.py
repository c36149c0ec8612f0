"""The validator's checks of transcripts."""

from collections.abc import Sequence

from schatten import letters
from schatten.corpus.manifest import ManifestEntry
from schatten.corpus.problems import Problems
from schatten.corpus.text import Normaliser


def check_texts(
    entries: Sequence[ManifestEntry], normaliser: Normaliser, problems: Problems
) -> None:
    """Add utterances without text, with marks that nobody listed, and with foreign characters."""
    for entry in entries:
        if not entry.text.strip():
            problems.add(
                "utterances have no text: write it, or name them in corpus.leave_out",
                entry.id,
                [entry.id],
            )
        elif marks := normaliser.refused_marks(entry.text):
            problems.add(
                "utterances hold marks in brackets that text.unspoken does not list: add those of "
                "noises to the recipe's text.unspoken (e.g. `unspoken: ['[*]']`), name utterances "
                "with untranscribed speech in corpus.leave_out, or, where the words were spoken, "
                "set text.brackets: words",
                f"{entry.id} ({' '.join(marks)})",
                [entry.id],
            )
        elif foreign := normaliser.foreign(entry.text):
            problems.add(
                "utterances hold characters outside the alphabet: write them as words, change "
                "the recipe's text.alphabet or text.strip, or name them in corpus.leave_out",
                f"{entry.id} ({letters.named(foreign)})",
                [entry.id],
            )
