"""The source `kaldi`: one Kaldi data directory per split (wav.scp, text, utt2spk, segments)."""

import re
import shlex
from pathlib import Path

from schatten.audio.sphere import decompression, is_shorten_compressed
from schatten.corpus.fingerprint import KALDI_FILES, kaldi_files
from schatten.corpus.recorded import relative_audio, write_corpus
from schatten.corpus.tables import is_file, table_lines
from schatten.corpus.utterance import Utterance
from schatten.errors import UserError
from schatten.letters import composed
from schatten.recipe import Recipe
from schatten.recipe.corpus_sources import KaldiCorpus

_SPH2PIPE = re.compile(r"^\S*sph2pipe(?:\s+-\S+(?:\s+(?:wav|rif|raw|sph|\d))?)*\s+(\S+)\s*\|$")


_IN_ARCHIVE = re.compile(r"\.ark:\d+(?:\[.*\])?$")
_ONLY_CHANNEL = ("0", "A")
_TO_THE_END = -1.0


def make(recipe: Recipe, corpus_dir: Path, output: Path, jobs: int) -> None:
    """Write the cuts and the text of Kaldi data directories.

    Errors: `UserError` for a missing directory or file, a malformed line, utterances that one file
    names and another does not, a wav.scp with a pipe, missing or unreadable recordings.
    """
    corpus = recipe.corpus
    assert isinstance(corpus, KaldiCorpus)
    utterances = []
    for split in recipe.splits_read:
        directory = corpus_dir / corpus.directories.get(split, split)
        utterances += read_directory(directory, split, corpus_dir)
    write_corpus(recipe, utterances, corpus_dir, output=output, jobs=jobs)


def read_directory(directory: Path, split: str, corpus_dir: Path) -> list[Utterance]:
    """Read a data directory; the audio paths of its utterances are relative to the corpus folder.

    Relative paths in wav.scp are taken from the corpus folder. Without utt2spk every utterance
    has a speaker of its own.
    """
    tables = {path.name: _table(path) for path in kaldi_files(directory)}
    scp, texts, speakers, segments = (tables.get(name) for name in KALDI_FILES)
    assert scp is not None and texts is not None, "kaldi_files lists these always"
    _check_values(directory, scp, speakers)
    audio = {name: _audio(entry, directory, corpus_dir) for name, entry in scp.items()}
    places = _places(segments, audio, directory)
    _check_names(directory, places, texts, speakers)
    return [
        Utterance(
            id=name,
            split=split,
            speaker=speakers[name] if speakers is not None else name,
            text=texts[name],
            audio=audio[recording],
            start=start,
            end=end,
            recording=recording,
        )
        for name, (recording, start, end) in places.items()
    ]


def _table(path: Path) -> dict[str, str]:
    """Read `KEY VALUE...` lines; empty lines are skipped, and a repeated key is an error."""
    table: dict[str, str] = {}
    for number, line in enumerate(table_lines(path), start=1):
        if not line.strip():
            continue
        key, *value = (line if path.name == "wav.scp" else composed(line)).split(maxsplit=1)
        key = composed(key)
        if key in table:
            raise UserError(f"{path}, line {number} names {key} a second time: remove one line")
        table[key] = value[0].strip() if value else ""
    return table


def _check_values(directory: Path, scp: dict[str, str], speakers: dict[str, str] | None) -> None:
    """Refuse recordings without a file, and utterances without one speaker's name."""
    if bare := [name for name, entry in scp.items() if not entry]:
        raise UserError(f"{directory}/wav.scp names no file for {bare[0]}: write NAME FILE")
    if wrong := [name for name, who in (speakers or {}).items() if len(who.split()) != 1]:
        raise UserError(
            f"{directory}/utt2spk gives {wrong[0]} the speaker {(speakers or {})[wrong[0]]!r}: "
            "write UTTERANCE SPEAKER, the name without spaces"
        )


def _audio(entry: str, directory: Path, corpus_dir: Path) -> str:
    """Return a wav.scp entry's file, relative to the corpus folder."""
    piped = _SPH2PIPE.match(entry)
    if entry.endswith("|") and piped is None:
        raise UserError(
            f"{directory}/wav.scp holds a command ({entry!r}), and only files are read: write "
            "each command's output to a .wav or .flac file once, and name that file instead"
        )
    if _IN_ARCHIVE.search(entry):
        raise UserError(
            f"{directory}/wav.scp names a place in an archive ({entry!r}), and only files are "
            "read: write the recordings to .wav or .flac files once, and name those"
        )
    named = piped[1] if piped else entry
    path = corpus_dir / named
    if is_file(path) and is_shorten_compressed(path):
        raise UserError(
            f"{path} is shorten-compressed SPHERE, which cannot be read in place: decompress the "
            f"files once (`{decompression(path)}`) and name them in "
            f"{directory}/wav.scp"
        )
    return relative_audio(named, corpus_dir)


def _places(
    segments: dict[str, str] | None, audio: dict[str, str], directory: Path
) -> dict[str, tuple[str, float, float | None]]:
    """Return each utterance's recording, start and end in seconds (None: the recording's end)."""
    if segments is None:
        return {name: (name, 0.0, None) for name in audio}
    places: dict[str, tuple[str, float, float | None]] = {}
    for name, value in segments.items():
        recording, start, end, channel = _segment(name, value, directory)
        if recording not in audio:
            raise UserError(
                f"{directory}/segments takes {name} from the recording {recording}, which "
                f"{directory}/wav.scp does not name: add it"
            )
        if channel not in _ONLY_CHANNEL:
            raise UserError(
                f"{directory}/segments takes {name} from channel {channel} of {recording}, and "
                "recordings of one channel are read: write each channel to a file "
                f"(`sox {shlex.quote(audio[recording])} NEW.wav remix NUMBER`, from 1), and name "
                f"those in {directory}/wav.scp"
            )
        places[name] = (recording, start, None if end == _TO_THE_END else end)
    return places


def _segment(name: str, value: str, directory: Path) -> tuple[str, float, float, str]:
    """Return recording, start, end and channel of an utterance; without one it is the first."""
    try:
        recording, start, end, *channel = value.split()
        if len(channel) <= 1:
            return recording, float(start), float(end), (channel or _ONLY_CHANNEL)[0]
    except ValueError:
        pass
    raise UserError(
        f"{directory}/segments gives {name} {value!r}: write RECORDING START END, in seconds "
        "(an END of -1 is the recording's end), and perhaps the channel after it"
    )


def _check_names(
    directory: Path,
    places: dict[str, tuple[str, float, float | None]],
    texts: dict[str, str],
    speakers: dict[str, str] | None,
) -> None:
    """Refuse files that do not name the same utterances."""
    fix = "run Kaldi's utils/fix_data_dir.sh on it"
    if extra := sorted(places.keys() ^ texts.keys()):
        raise UserError(
            f"{directory} has utterances that only one of text and wav.scp (or segments) names, "
            f"{len(extra)} of them, {extra[0]} first: {fix}"
        )
    if speakers is not None and (extra := sorted(places.keys() - speakers.keys())):
        raise UserError(f"{directory}/utt2spk lacks {len(extra)} utterances ({extra[0]}): {fix}")
