"""Scores a split's hypotheses: reads and writes the files."""

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from schatten.artifacts import Score
from schatten.errors import UserError
from schatten.recipe.results import Tables
from schatten.runtime.files import write_text
from schatten.score.alignment import Aligned, align, align_units
from schatten.score.counts import count, write_counts
from schatten.score.listing import errors_text, trn_line
from schatten.score.summary import summary
from schatten.score.unknown import Unknown, find_unknown
from schatten.transcripts import (
    Utterance,
    characters_of,
    read_hypotheses,
    read_references,
    require_same_utterances,
)
from schatten.units import read_lexicon
from schatten.units.spelled import SpelledUnits

SUFFIX = ".score.json"


def beside(score: Path, suffix: str) -> Path:
    """Return the path of another output beside `NAME.score.json`: `NAME` and a suffix."""
    if not score.name.endswith(SUFFIX):
        raise UserError(f"{score} is not named NAME{SUFFIX}: rename it")
    return score.with_name(score.name.removesuffix(SUFFIX) + suffix)


def score_files(
    hypotheses: Path,
    cuts: Path,
    output: Path,
    lexicon: Path | None,
    tables: Tables,
    units: Path | None = None,
    *,
    of_characters: bool = False,
) -> str:
    """Write `NAME.score.json` and the files beside it; return the rates in one line.

    With `units`, an inventory, the hypotheses are units, and every rate is the unit error rate.
    `of_characters`: each character is a word, so that both WER and CER are the error rate of
    characters; spaces do not count.

    Errors: `UserError` if hypotheses and cuts do not hold the same utterances.
    """
    beside(output, "")
    spelled = None if units is None else SpelledUnits.read(units)
    aligned = aligned_files(hypotheses, cuts, spelled, of_characters=of_characters)
    words = None if lexicon is None else {word for word, _ in read_lexicon(lexicon)}
    kind = None if spelled is None else spelled.units.kind
    value = write_score(aligned, words, tables, output, cuts, kind)
    low, high = value.wer_interval
    if value.units is not None:
        return (
            f"{output}: error rate of {value.units} {value.wer:.2f} % ({low:.2f} to {high:.2f}), "
            f"{value.utterances} utterances, {value.words} {value.units}"
        )
    if of_characters:
        return (
            f"{output}: CER {value.cer:.2f} % ({low:.2f} to {high:.2f}), "
            f"{value.utterances} utterances, {value.words} characters"
        )
    return (
        f"{output}: WER {value.wer:.2f} % ({low:.2f} to {high:.2f}), CER {value.cer:.2f} %, "
        f"{value.utterances} utterances, {value.words} words"
    )


def write_score(
    aligned: list[Aligned],
    lexicon: Collection[str] | None,
    tables: Tables,
    output: Path,
    transcripts: Path,
    units: str | None = None,
) -> Score:
    """Write `NAME.score.json` of aligned utterances and the files beside it; return the score.

    `lexicon`: the words that can be found; None for a search without one. `units`: what was
    aligned, if no words. Errors: `UserError` if the transcripts, of the file named, have no word.
    """
    unknown = None if lexicon is None else find_unknown(aligned, lexicon)
    value = summary(aligned, unknown, tables, units)
    if not value.words:
        raise UserError(f"{transcripts} has no word in its transcripts: there is nothing to score")
    _write_lists(aligned, unknown, output)
    value.write(output)
    return value


def aligned_files(
    hypotheses: Path, cuts: Path, spelled: SpelledUnits | None, *, of_characters: bool
) -> list[Aligned]:
    """Return the utterances of a split with what was heard, sorted by id.

    `spelled`: the units that the hypotheses are in, if no words. `of_characters` and errors: as of
    `score_files`.
    """
    references = read_references(cuts)
    found = read_hypotheses(hypotheses)
    require_same_utterances(found, hypotheses, [each.id for each in references], cuts)
    if spelled is None and of_characters:  # a model may leave out spaces, which say nothing here
        return [
            align_units(_in_characters(each), characters_of("".join(found[each.id])))
            for each in references
        ]
    if spelled is None:
        return [align(each, found[each.id]) for each in references]
    return [align_units(_in_units(each, spelled), found[each.id]) for each in references]


def _in_characters(reference: Utterance) -> Utterance:
    return replace(reference, words=tuple(characters_of("".join(reference.words))))


def _in_units(reference: Utterance, spelled: SpelledUnits) -> Utterance:
    """Return an utterance whose words are the units of each word's main pronunciation."""
    labels = spelled.labels(" ".join(reference.words))
    return replace(reference, words=tuple(spelled.units.names[label] for label in labels))


def _write_lists(aligned: list[Aligned], unknown: Unknown | None, output: Path) -> None:
    references = (trn_line(each.reference.words, each.reference) for each in aligned)
    found = (trn_line(each.hypothesis, each.reference) for each in aligned)
    write_text(beside(output, ".errors.txt"), errors_text(aligned, unknown))
    write_text(beside(output, ".ref.trn"), "".join(references))
    write_text(beside(output, ".hyp.trn"), "".join(found))
    write_counts(beside(output, ".utterances.csv"), [count(each) for each in aligned])
