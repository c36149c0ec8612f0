"""The source `lhotse`: one manifest of cuts per split, made by any lhotse recipe.

lhotse's own recipes write recordings and supervisions; `lhotse cut simple` joins them, and
`lhotse cut trim-to-supervisions` makes one cut for each utterance.
"""

from collections.abc import Sequence
from pathlib import Path

from lhotse import AudioSource, CutSet, MonoCut, MultiCut
from lhotse.cut import Cut

from schatten.corpus.recorded import relative_audio, write_corpus
from schatten.corpus.utterance import Utterance
from schatten.errors import UserError
from schatten.recipe import Recipe
from schatten.recipe.corpus_sources import LhotseCorpus

_MARGIN = 0.1
"""Seconds by which a supervision may begin after its cut, or end before or after it."""
_SHOWN = 200
"""Characters of lhotse's reason that a message shows."""
_TRIM = "make cuts of one supervision each with `lhotse cut trim-to-supervisions"
_ONE_CHANNEL = (
    "write each channel to a file of its own (`sox FILE NEW.wav remix NUMBER`, from 1), and make "
    "the manifest of those"
)


def make(recipe: Recipe, corpus_dir: Path, output: Path, jobs: int) -> None:
    """Write the cuts and the text of lhotse's manifests, brought to 16 kHz and normalised.

    Errors: `UserError` for a missing or malformed manifest, cuts that are not one supervision of
    one channel of one file, missing or unreadable recordings.
    """
    corpus = recipe.corpus
    assert isinstance(corpus, LhotseCorpus)
    utterances: list[Utterance] = []
    for split in recipe.splits.all:
        path = corpus_dir / corpus.manifests.get(split, f"{split}.jsonl.gz")
        utterances += [_utterance(cut, split, path, corpus_dir) for cut in _cuts(path)]
    write_corpus(recipe, utterances, corpus_dir, output=output, jobs=jobs)


def _cuts(path: Path) -> Sequence[object]:
    if not path.is_file():
        fault = "is no file" if path.exists() else "does not exist"
        raise UserError(f"{path} {fault}: name the manifest in corpus.manifests")
    try:
        return list(CutSet.from_file(path.absolute()))  # lhotse runs a path that is `pipe:...`
    except Exception as error:
        raise UserError(
            f"{path} is no manifest of cuts ({_reason(error)}): make one with `lhotse cut simple` "
            "and `lhotse cut trim-to-supervisions`"
        ) from None


def _reason(error: Exception) -> str:
    lines = str(error).splitlines() or [type(error).__name__]
    return lines[0][:_SHOWN]


def _utterance(cut: object, split: str, path: Path, corpus_dir: Path) -> Utterance:
    if not isinstance(cut, Cut):
        raise UserError(
            f"{path} holds {type(cut).__name__}s, not cuts: join recordings and supervisions with "
            "`lhotse cut simple`"
        )
    try:
        if problem := _problem(cut):
            raise UserError(f"{path} holds the cut {cut.id}, {problem}")
        assert isinstance(cut, MonoCut), "_problem has seen to it"
        return _of_mono(cut, split, corpus_dir)
    except (TypeError, ValueError, AttributeError, KeyError) as error:
        raise UserError(
            f"{path} holds the cut {cut.id}, which has a field of a wrong kind ({error}): make "
            "the manifest anew"
        ) from None


def _problem(cut: Cut) -> str | None:
    """Return why a cut is not one utterance of one plain file, and the fix."""
    if isinstance(cut, MultiCut):
        return f"which has several channels: {_ONE_CHANNEL}"
    if not isinstance(cut, MonoCut):
        return (
            "which is a mix of others (padding, noise or several recordings): write its sound to "
            "a file with CutSet.save_audios, and name the manifest that this returns"
        )
    if not cut.has_recording:
        return "which has no recording: make the cuts of the recordings with `lhotse cut simple`"
    if len(cut.supervisions) != 1:
        return (
            f"which has {len(cut.supervisions)} supervisions and not one: {_TRIM} "
            "--discard-overlapping`"
        )
    [supervision] = cut.supervisions
    rest = max(abs(supervision.start), abs(cut.duration - supervision.end))
    if not rest <= _MARGIN:
        return (
            f"whose supervision is {supervision.start:g} to {supervision.end:g} s of its "
            f"{cut.duration:g} s: {_TRIM}`"
        )
    return _problem_of_source(cut)


def _problem_of_source(cut: MonoCut) -> str | None:
    sources = _sources(cut)
    plain = len(sources) == 1 and sources[0].type == "file"
    if not plain or cut.recording.transforms:
        return (
            "whose recording is not one plain file: write the audio to files with "
            "`lhotse recording` or CutSet.save_audios"
        )
    if len(sources[0].channels) != 1:
        return f"which is channel {cut.channel} of a file with several: {_ONE_CHANNEL}"
    return None


def _sources(cut: MonoCut) -> list[AudioSource]:
    """Return the sources of a cut's channel: a recording may have a file for each channel."""
    sources = cut.recording.sources
    return [source for source in sources if cut.channel in source.channels]


def _of_mono(cut: MonoCut, split: str, corpus_dir: Path) -> Utterance:
    [supervision], [source] = cut.supervisions, _sources(cut)
    recording = cut.recording_id
    if cut.recording.num_channels > 1:
        recording = f"{recording}-{cut.channel}"
    whole = cut.start == 0 and abs(cut.duration - cut.recording.duration) < 1e-3
    return Utterance(
        id=str(supervision.id),
        split=split,
        speaker=str(supervision.speaker or supervision.id),
        text=str(supervision.text or ""),
        audio=relative_audio(str(source.source), corpus_dir),
        start=cut.start,
        end=None if whole else cut.end,
        recording=recording,
        seconds=float(cut.recording.duration),
    )
