"""The validator's report as lines for a person."""

from collections.abc import Iterator, Mapping

from schatten.artifacts import TooLong, Validation
from schatten.corpus.validate import NAMED
from schatten.recipe import Recipe
from schatten.recipe.systems import CHARACTERS


def lines(report: Validation, strides: Mapping[str, int], train: str = "train") -> Iterator[str]:
    """Yield a line per split and one per warning.

    `strides`: feature frames per output frame, by model; `train`: the training split.
    """
    for split, size in report.splits.items():
        yield (
            f"{split}: {size.hours:.2f} h, {size.utterances} utterances, "
            f"{size.words} words, {size.speakers} speakers"
        )
        if size.copies is not None:
            yield (
                f"{split}: {size.copies.utterances} distorted copies, {size.copies.hours:.2f} h, "
                "are trained on too"
            )
    for name, sizes in (report.corpora or {}).items():
        said = (f"{size.hours:.2f} h of {split}" for split, size in sizes.items())
        yield f"corpus {name}: {', '.join(said)}"
    for name, counts in (report.text_files or {}).items():
        yield f"{name}: {counts.lines} lines used, {counts.left_out} left out"
    yield from _text_notes(report)
    for reason, count in (report.left_out or {}).items():
        yield f"{count} utterances left out: {reason}"
    for split, count in (report.transcripts_in_lm_text or {}).items():
        if count:
            yield f"{split}: {count} transcripts are also lines of the language model text"
    if silent := report.silent_recordings:
        yield f"{len(silent)} recordings are silent: {_named(silent, len(silent))}"
    for split, found in (report.without_frames or {}).items():
        effect = "training leaves them out" if split == train else "their words count as deletions"
        yield (
            f"{split}: {found.utterances} utterances last less than 5 ms and have no frame, "
            f"{effect}: {_named(found.first, found.utterances)}"
        )
    for split, length in (report.characters_per_word or {}).items():
        yield (
            f"{split}: words have {length:g} characters on average, so the text is probably "
            "written without spaces, and a word is a whole phrase: set the recipe's text.words: "
            "characters (the tables then show CER), or put spaces between words with a segmenter"
        )
    yield from too_long_lines(report.too_long_for_ctc or {}, strides, "characters")


def _text_notes(report: Validation) -> Iterator[str]:
    if (notes := report.text_notes) is not None:
        for where, found in (("transcripts", notes.transcripts), ("text files", notes.text_files)):
            for what, count in sorted(found.items()):
                yield f"{where}: {count} x {what}"


def too_long_lines(
    by_stride: Mapping[str, Mapping[str, TooLong]], strides: Mapping[str, int], units: str
) -> Iterator[str]:
    """Yield a line per model and split with utterances that have more units than output frames."""
    for model, stride in strides.items():
        for split, found in by_stride.get(str(stride), {}).items():
            yield (
                f"{split}: {found.utterances} utterances have more {units} than {model} has "
                f"output frames: {_named(found.first, found.utterances)}"
            )


def strides_of(recipe: Recipe, units: str) -> dict[str, int]:
    """Return feature frames per output frame of the models that systems of a unit set have.

    For characters these are also models that no system has.
    """
    found = {}
    for name, model in recipe.models.items():
        sets = {system.units for system in recipe.systems.values() if system.model == name}
        if units in (sets or {CHARACTERS}):
            found[name] = model.stride
    return found


def _named(names: list[str], count: int) -> str:
    return ", ".join(names[:NAMED]) + (", ..." if count > NAMED else "")
