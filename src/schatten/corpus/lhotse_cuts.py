"""The source `lhotse`: one manifest of cuts per split, made by any lhotse recipe.

lhotse's own recipes write recordings and supervisions; `lhotse cut simple` joins them, and
`lhotse cut trim-to-supervisions` makes one cut for each utterance.
"""

from collections.abc import Sequence
from pathlib import Path

from lhotse import CutSet, MonoCut
from lhotse.cut import Cut

from schatten.corpus.recorded import relative_audio, write_corpus
from schatten.corpus.utterance import Utterance
from schatten.errors import UserError
from schatten.recipe import Recipe
from schatten.recipe.corpus import LhotseCorpus


def make(recipe: Recipe, corpus_dir: Path, output: Path, jobs: int) -> None:
    """Write the cuts and the text of lhotse's manifests, brought to 16 kHz and normalised.

    Errors: `UserError` for a missing or malformed manifest, cuts that do not have exactly one
    supervision and one file, missing or unreadable recordings.
    """
    corpus = recipe.corpus
    assert isinstance(corpus, LhotseCorpus)
    utterances: list[Utterance] = []
    for split in recipe.splits.all:
        path = corpus_dir / corpus.manifests.get(split, f"{split}.jsonl.gz")
        utterances += [_utterance(cut, split, path, corpus_dir) for cut in _cuts(path)]
    write_corpus(recipe, utterances, corpus_dir, output=output, jobs=jobs)


def _cuts(path: Path) -> Sequence[Cut]:
    if not path.is_file():
        raise UserError(f"{path} does not exist: name the manifest in corpus.manifests")
    try:
        return list(CutSet.from_file(path.absolute()))  # lhotse runs a path that is `pipe:...`
    except Exception as error:
        raise UserError(
            f"{path} is no manifest of cuts ({error}): make one with `lhotse cut simple` and "
            "`lhotse cut trim-to-supervisions`"
        ) from None


def _utterance(cut: Cut, split: str, path: Path, corpus_dir: Path) -> Utterance:
    if not isinstance(cut, MonoCut) or len(cut.supervisions) != 1 or not cut.has_recording:
        raise UserError(
            f"{path} holds the cut {cut.id} that is not one utterance of one recording: make it "
            "with `lhotse cut trim-to-supervisions`"
        )
    [supervision], sources = cut.supervisions, cut.recording.sources
    if len(sources) != 1 or sources[0].type != "file" or cut.recording.transforms:
        raise UserError(
            f"{path} holds the cut {cut.id} whose recording is not one plain file: write the "
            "audio to files with `lhotse recording` or CutSet.save_audios"
        )
    whole = cut.start == 0 and abs(cut.duration - cut.recording.duration) < 1e-3
    return Utterance(
        id=supervision.id,
        split=split,
        speaker=supervision.speaker or supervision.id,
        text=supervision.text or "",
        audio=relative_audio(str(sources[0].source), corpus_dir),
        start=cut.start,
        end=None if whole else cut.end,
        recording=cut.recording_id,
        seconds=cut.recording.duration,
    )
