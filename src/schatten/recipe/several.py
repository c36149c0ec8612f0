"""The recipe's `corpus` of several parts: corpora of any source, joined in one experiment."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from schatten.recipe.base import Name, Settings
from schatten.recipe.corpus_sources import OneCorpus, RecordedCorpus
from schatten.recipe.voicesearch import VoiceSearchCorpus

if TYPE_CHECKING:
    from schatten.recipe import Recipe


class Part(Settings):
    """One of the corpora that are joined."""

    corpus: OneCorpus
    """The source of its speech, as in a recipe with only this corpus."""
    folder: str = ""
    """Its folder, relative to the corpus folder; by default the corpus folder itself."""
    splits: tuple[Name, ...] = ()
    """The splits of the recipe for which it has speech; by default all of them."""
    text: bool = Field(default=True, exclude_if=lambda value: value)
    """Whether language models with `text: corpus` learn from its transcripts and its text."""


class SeveralCorpora(Settings):
    """Several corpora joined into one. The record of each utterance names its part."""

    source: Literal["several"]
    parts: Annotated[dict[Name, Part], Field(min_length=1)]
    """The corpora by name. The id of an utterance begins with the name: `books-0017`."""
    shared_speakers: Literal["refused", "allowed"] = "refused"
    """Whether a speaker may be in two splits. Speakers with the same name in two corpora count as
    one speaker."""

    @property
    def reads_recordings(self) -> bool:
        """Whether a part is a corpus of real recordings, and so needs a folder."""
        return any(isinstance(part.corpus, RecordedCorpus) for part in self.parts.values())

    @property
    def low_rates(self) -> str:
        """Whether a part allows recordings below 16 kHz."""
        found = (getattr(part.corpus, "low_rates", "refused") for part in self.parts.values())
        return "allowed" if "allowed" in found else "refused"

    def problem(self, splits: tuple[str, ...]) -> str | None:
        """Return in a sentence what is wrong with the parts; None if nothing is."""
        for name, part in self.parts.items():
            if unknown := [one for one in part.splits if one not in splits]:
                there = ", ".join(splits)
                return f"{name}.splits: there is no split {unknown[0]!r}; there are {there}"
            if isinstance(part.corpus, VoiceSearchCorpus) and part.folder:
                return f"{name}.folder: the part makes its own speech: remove the folder"
            styled = getattr(part.corpus, "multi_style", None) is not None
            if styled and splits[0] not in (part.splits or splits):
                return (
                    f"{name}.corpus.multi_style: the part has no split {splits[0]!r}, which alone "
                    "has copies: add the split, or remove multi_style"
                )
        for split in splits:
            if not any(split in (part.splits or splits) for part in self.parts.values()):
                return f"no part has the split {split!r}: add it to a part's `splits`"
        return None


def part_of(recipe: "Recipe", name: str) -> "Recipe":
    """Return the recipe with one part as its corpus, and only the splits of that part."""
    corpus: Any = recipe.corpus
    part = corpus.parts[name]
    chosen = part.splits or recipe.splits.all
    splits = recipe.splits.only(chosen)
    found = recipe.model_copy(update={"corpus": part.corpus, "splits": splits})
    found._folder = recipe._folder
    return found
