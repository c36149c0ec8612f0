"""A bundle on somebody's own recordings: its words, their error rate, and the speed."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from schatten.artifacts import Score
from schatten.audio.faults import Fault
from schatten.audio.reading import look_at, read_header
from schatten.bundles import LEXICON
from schatten.corpus.problems import Problems
from schatten.corpus.text import Normaliser
from schatten.corpus.tsv import Places, read_rows
from schatten.decode.engine import recognise, speed
from schatten.decode.sound import write_sound
from schatten.device.live import Recognizer
from schatten.errors import UserError
from schatten.letters import composed, named
from schatten.recipe.corpus import Text
from schatten.recipe.results import Tables
from schatten.runtime import provenance
from schatten.runtime.file_names import Names, found
from schatten.score.alignment import align
from schatten.score.run import beside, write_score
from schatten.transcripts import Utterance, characters_of, write_hypotheses
from schatten.units import read_lexicon

WORDS, SCORE = "words.txt", "test.score.json"
"""Files of the output: what was heard, and the score; others beside it are named like it."""
_PLACES = Places(
    {
        "path": ("path", "file"),
        "text": ("text", "sentence"),
        "id": ("id", "utt_id"),
        "speaker": ("speaker",),
    },
    optional=("id", "speaker"),
    filled=("path", "text"),
)
_SHOWN = 5


@dataclass(frozen=True)
class Recording:
    """A recording, and what is said in it."""

    utterance: Utterance
    file: Path

    def write_wav(self, path: Path) -> None:
        """Write its sound as the engine reads it; several channels become their mean."""
        write_sound(self.file, path)


@dataclass(frozen=True)
class Evaluation:
    """What was measured."""

    score: Score
    speed: str
    """A line."""
    notes: Sequence[str]
    """What was odd about the transcripts, a sentence each."""
    cpu: str

    def lines(self, output: Path) -> list[str]:
        """Return the result for people; `output`: the folder that it was written to."""
        score = self.score
        ends = [("utterances", score.wer_interval)]
        if score.wer_interval_by_speaker is not None:
            ends.append((f"{score.speakers} speakers", score.wer_interval_by_speaker))
        drawn = ", ".join(f"{low:.2f} to {high:.2f} with {of} drawn" for of, (low, high) in ends)
        lines = [
            f"WER {score.wer:.2f} % (95 % interval {drawn})",
            f"{score.utterances} utterances, {score.words} words: {score.substitutions} "
            f"substitutions, {score.deletions} deletions, {score.insertions} insertions",
        ]
        unknown = score.out_of_lexicon
        if unknown is not None and unknown.count:
            lines.append(
                f"{unknown.count} words ({unknown.percent:.2f} %) are not in the bundle's lexicon; "
                f"without their utterances the WER is {unknown.wer_of_utterances_without:.2f} %"
            )
        errors = beside(output / SCORE, ".errors.txt")
        return [*lines, f"{self.speed}; {self.cpu}", f"Errors, in place: {errors}"]


def evaluate(
    recognizer: Recognizer, bundle: Path, table: Path, output: Path, jobs: int
) -> Evaluation:
    """Recognise the recordings of a table, score them, and write words and errors to a folder.

    `table`: tab-separated, with a header and columns `path` (relative to it) and `text`; `id` and
    `speaker` may be there. Texts are brought to the letters of the bundle's lexicon, as a recipe
    brings its own. `jobs` processes of the engine decide no word.

    Errors: `UserError` for a wrong table, and for recordings that are missing or cannot be read,
    all of them listed; nothing is written then.
    """
    lexicon = {composed(word) for word, _ in read_lexicon(bundle / LEXICON)}
    normaliser = Normaliser(text_of(lexicon))
    recordings = _recordings(table, normaliser, jobs)
    pairs = [f"{name}={value}" for name, value in recognizer.environment.items()]
    command = ["env", *pairs, *recognizer.command[:1], "--json", "--list", *recognizer.command[1:]]
    [words], totals = recognise(command, [recordings], jobs)
    references = sorted((one.utterance for one in recordings), key=lambda one: one.id)
    aligned = [align(one, [composed(word) for word in words[one.id]]) for one in references]
    score = write_score(aligned, lexicon, Tables(), output / SCORE, table)
    write_hypotheses(output / WORDS, words)
    cpu = provenance.machine_and_commit()["cpu"]
    said = speed(len(recordings), totals)
    return Evaluation(score, said, _notes(references, normaliser), cpu)


def text_of(lexicon: set[str]) -> Text:
    """Return how text has to be written to be compared with words of a lexicon.

    The alphabet is that of its words, and so is the case, where it is one. If every word is one
    character, the language is one that is written without spaces.
    """
    alphabet = "".join(sorted({character for word in lexicon for character in word}))
    of_characters = all(len(characters_of(word)) == 1 for word in lexicon)
    strip = "".join(one for one in Text().strip if one not in alphabet)
    given = {"alphabet": alphabet, "strip": strip}
    given["words"] = "characters" if of_characters else "spaces"
    for case in ("lower", "upper"):
        try:
            return Text.model_validate({**given, "case": case})
        except ValueError:  # it has letters of the other case
            continue
    return Text.model_validate({**given, "case": "keep"})


def _recordings(table: Path, normaliser: Normaliser, jobs: int) -> list[Recording]:
    """Read the table; refuse recordings that cannot be read before any is recognised."""
    folder, names = table.parent, Names(table.parent)
    rows = read_rows(found(folder, table.name), _PLACES)
    if not rows:
        raise UserError(f"{table} names no recording: write a line for each")
    made: dict[str, Recording] = {}
    for row in rows:
        path = names.found(row["path"])
        name = "_".join((row.get("id") or row["path"]).split())
        if name in made:
            raise UserError(
                f"{table} has {name} twice: name each recording once, or give a column id"
            )
        text = tuple(normaliser(row["text"]).split())
        utterance = Utterance(name, row.get("speaker") or name, text)
        made[name] = Recording(utterance, folder / path)
    paths = [os.path.relpath(one.file, folder) for one in made.values()]
    problems = Problems()
    for path, header in look_at(paths, folder, read_header, jobs).items():
        if isinstance(header, Fault):
            problems.add("recordings cannot be read: each line says why", f"{path} {header}")
    problems.raise_if_any(str(table))
    return list(made.values())


def _notes(references: Sequence[Utterance], normaliser: Normaliser) -> list[str]:
    foreign = sorted(
        {sign for one in references for sign in normaliser.foreign(" ".join(one.words))}
    )
    if not foreign:
        return []
    shown = ", ".join(named(sign) for sign in foreign[:_SHOWN])
    more = ", ..." if len(foreign) > _SHOWN else ""
    return [
        f"the transcripts have characters that no word of the bundle has ({shown}{more}), so that "
        "their words count as errors: write them as they are spoken"
    ]
