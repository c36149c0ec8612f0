"""The source `wsj`: the LDC discs of the Wall Street Journal.

The discs' lists name the utterances of a set, `.dot` files hold the transcripts, and `.wv1` files
(SPHERE, mostly shorten-compressed) the close-talking microphone. The audio is decompressed once,
to FLAC beside the cuts, so the discs are not needed afterwards.
"""

import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import soundfile

from schatten.audio.faults import cut_short
from schatten.audio.reading import read
from schatten.audio.sphere import decompress, find_sph2pipe, is_shorten_compressed, sample_count
from schatten.corpus.discs import LM_TEXT, TRANSCRIPT, Discs, indices, lm_text_name
from schatten.corpus.lm_text import write_lm_text
from schatten.corpus.problems import Problems
from schatten.corpus.recorded import spelled, text_files, wanted, write_styled_cuts
from schatten.corpus.text import Normaliser
from schatten.corpus.utterance import Utterance
from schatten.corpus.wsj_text import (
    disc_text,
    has_verbalised_punctuation,
    lm_lines,
    read_transcripts,
    words_of,
)
from schatten.errors import UserError
from schatten.recipe import Recipe
from schatten.recipe.corpus_sources import WsjCorpus
from schatten.runtime.files import atomic_output, write_json

_NOT_ON_THE_DISCS = "wsj0/si_tr_s/401/"
"""A speaker in the list of wsj0's training set who is on no disc."""


@dataclass(frozen=True)
class _Listed:
    """An utterance of a set's list, and its recording on the discs."""

    id: str
    split: str
    place: str
    """Set and speaker, `si_tr_s/01i`: transcripts are kept in folders of the same name."""
    disc_file: Path

    @property
    def audio(self) -> str:
        """Path of the decompressed recording, relative to the cuts."""
        return f"audio/{self.split}/{self.id}.flac"


def make(recipe: Recipe, corpus_dir: Path, output: Path, jobs: int) -> None:
    """Write audio, cuts and text of the recipe's sets.

    Errors: `UserError` for missing lists, recordings or transcripts, for unreadable recordings, and
    if sph2pipe is needed and not installed.
    """
    corpus = recipe.corpus
    assert isinstance(corpus, WsjCorpus)
    discs = Discs(corpus_dir)
    listed = _read_lists(discs, recipe.splits.all, corpus_dir)
    raw = _transcripts(listed, discs, corpus_dir)
    kept, left_out = _with_speech(listed, raw, corpus, recipe.splits.train)
    asked = wanted(recipe, [_utterance(entry, raw[entry.id]) for entry in kept], corpus_dir)
    utterances, foreign = spelled(recipe, asked, marks_are_gone=True)
    names = {utterance.audio for utterance in utterances}
    _write_audio([entry for entry in kept if entry.audio in names], output, jobs)
    normaliser = Normaliser(recipe.text, marks_are_gone=True)
    sentences = write_styled_cuts(
        recipe, utterances, normaliser, audio_dir=output, output=output, jobs=jobs
    )
    texts = text_files(corpus, corpus_dir)
    if corpus.disc_text:
        texts |= dict(_disc_text(discs))
    write_lm_text(sentences, recipe.splits.train, texts, output, normaliser)
    write_json(output / "left_out.json", left_out | foreign)


def _read_lists(discs: Discs, splits: Sequence[str], corpus_dir: Path) -> list[_Listed]:
    """Read the utterances of every set; an utterance of two lists is taken once."""
    problems = Problems()
    listed = {}
    for split in splits:
        for name in indices(split):
            path = discs.find(name)
            if path is None:
                raise UserError(
                    f"no disc below {corpus_dir} holds {name}: put the discs of LDC93S6A (or B) "
                    "and LDC94S13A (or B), or their wsj0 and wsj1 trees, into one folder"
                )
            for entry in _entries(path):
                place = discs.find(entry)
                parts = entry.lower().split("/")
                key = parts[-1].removesuffix(".wv1")
                if place is not None:
                    listed[split, key] = _Listed(key, split, "/".join(parts[-3:-1]), place)
                elif not entry.lower().startswith(_NOT_ON_THE_DISCS):
                    problems.add("recordings are on no disc: copy the disc that has them", entry)
    problems.raise_if_any(f"the discs in {corpus_dir}")
    return [listed[key] for key in sorted(listed)]


def _entries(path: Path) -> Iterator[str]:
    """Yield the paths `wsjN/SET/SPEAKER/UTTERANCE.wv1` of a list (lines `DISC: PATH`)."""
    for line in disc_text(path).splitlines():
        name = line.partition(":")[2].strip().strip("/")
        if name and not line.lstrip().startswith(";"):
            yield name if name.lower().endswith(".wv1") else f"{name}.wv1"


def _transcripts(listed: Sequence[_Listed], discs: Discs, corpus_dir: Path) -> dict[str, str]:
    """Return each listed utterance's transcript, unchanged."""
    places = read_transcripts(discs.files((TRANSCRIPT,)))
    anywhere = {name: text for texts in places.values() for name, text in texts.items()}
    raw = {}
    problems = Problems()
    for entry in listed:
        text = places.get(entry.place, {}).get(entry.id, anywhere.get(entry.id))
        if text is None:
            problems.add("utterances have no transcript in a .dot file: copy it", entry.id)
        else:
            raw[entry.id] = text
    problems.raise_if_any(f"the discs in {corpus_dir}")
    return raw


def _with_speech(
    listed: Sequence[_Listed], raw: dict[str, str], corpus: WsjCorpus, train: str
) -> tuple[list[_Listed], dict[str, int]]:
    """Return the utterances to use, and the counts of the others by reason."""
    kept = []
    left_out = {"noise alone (training)": 0, "verbalised punctuation": 0}
    for entry in listed:
        text = raw[entry.id]
        if has_verbalised_punctuation(text) and not corpus.verbalised_punctuation:
            left_out["verbalised punctuation"] += 1
        elif entry.split == train and not words_of(text):
            left_out["noise alone (training)"] += 1
        else:
            kept.append(entry)
    return kept, left_out


def _utterance(entry: _Listed, raw: str) -> Utterance:
    return Utterance(
        id=entry.id,
        split=entry.split,
        speaker=entry.id[:3],
        text=words_of(raw),
        audio=entry.audio,
    )


def _write_audio(listed: Sequence[_Listed], output: Path, jobs: int) -> None:
    """Write the recordings as 16-bit FLAC; existing ones are kept."""
    missing = [entry for entry in listed if not (output / entry.audio).is_file()]
    if any(is_shorten_compressed(entry.disc_file) for entry in missing):
        find_sph2pipe()
    with ThreadPoolExecutor(jobs) as pool:
        failures = list(pool.map(partial(_convert, output=output), missing))
    problems = Problems()
    problems.extend("recordings cannot be read: copy the disc anew", filter(None, failures))
    problems.raise_if_any("the discs")


def _convert(entry: _Listed, output: Path) -> str | None:
    """Write a recording; return its fault, if it has one."""
    source = entry.disc_file
    try:
        with tempfile.TemporaryDirectory() as folder:
            if is_shorten_compressed(source):
                source = Path(folder) / "audio.wav"
                decompress(entry.disc_file, source)
            samples, rate = read(source, dtype="int16")
    except UserError as error:
        return str(error)
    expected = sample_count(entry.disc_file)
    if expected is not None and len(samples) != expected:
        return f"{entry.disc_file} {cut_short(len(samples), expected, 'samples')}"
    with atomic_output(output / entry.audio) as beside:
        soundfile.write(beside, samples, rate, format="FLAC", subtype="PCM_16")
    return None


def _disc_text(discs: Discs) -> Iterator[tuple[str, list[str]]]:
    """Yield the language model text without verbalised punctuation: a name and its sentences."""
    for path in discs.files(LM_TEXT):
        if name := lm_text_name(path):
            yield name, lm_lines(_decompressed(path))


def _decompressed(path: Path) -> str:
    """Return a `.z` file's text; gzip also reads the older compress and pack formats."""
    try:
        with path.open("rb") as file:
            done = subprocess.run(["gzip", "-dc"], stdin=file, capture_output=True, check=False)
    except OSError as error:
        raise UserError(f"{path} cannot be decompressed ({error}): correct that") from None
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip()
        raise UserError(f"{path} cannot be decompressed ({said}): copy the disc anew")
    return done.stdout.decode("latin-1")
