"""The sound of cuts and of files, as the engine hears it: WAV files of 16 kHz, mono, 16 bits.

Cuts are read as plain JSON. lhotse, which takes two seconds to import, loads only what has to be
resampled or cut out of a longer recording.
"""

import wave
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from schatten.audio.reading import form_of, known_header, read
from schatten.errors import UserError
from schatten.runtime.files import read_jsonl
from schatten.transcripts import Utterance, as_utterance

SAMPLE_RATE = 16000
_FULL_SCALE = 32768
_ENGINE_RATES = range(4000, 384001)
_ENGINE_FORMATS = ("WAV", "WAVEX", "RF64", "FLAC", "MP3", "MPEG")
_ENGINE_FORMS = (
    *("PCM_S8", "PCM_U8", "PCM_16", "PCM_24", "PCM_32"),
    *("FLOAT", "DOUBLE", "ULAW", "ALAW", "MPEG_LAYER_III"),
)
"""What the engine reads by itself, in libsndfile's words."""


@dataclass(frozen=True)
class Sound:
    """The sound of an utterance."""

    utterance: Utterance
    cut: dict[str, Any]
    """The cut's row of the manifest."""
    audio: Path
    """Folder that the path in it is relative to."""
    cuts: Path
    """The manifest."""

    def write_wav(self, path: Path) -> None:
        """Write it as a WAV file.

        Errors: `UserError` if the recording cannot be read.
        """
        write_samples(self.samples(), path)

    def samples(self) -> np.ndarray:
        """Return its samples in [-1, 1], at the engine's rate; errors as of `write_wav`."""
        samples = _whole_recording(self.cut, self.audio)
        return _by_lhotse(self.cut, self.audio, self.cuts) if samples is None else samples


def read_sounds(cuts: Path, audio: Path) -> list[Sound]:
    """Return the utterances of a manifest, in its order; audio paths are relative to `audio`.

    Errors: `UserError` for a missing or damaged manifest.
    """
    return [Sound(as_utterance(row, cuts), row, audio, cuts) for row in read_jsonl(cuts)]


def is_read_by_engine(file: Path) -> bool:
    """Tell whether the engine reads a file of sound by itself, at any rate.

    Errors: `UserError` if it cannot be read at all.
    """
    header = known_header(file)
    form, subtype = form_of(file)
    with file.open("rb") as content:
        is_big_endian = content.read(4) == b"RIFX"
    is_known = form in _ENGINE_FORMATS and subtype in _ENGINE_FORMS
    return is_known and header.rate in _ENGINE_RATES and not is_big_endian


def write_sound(file: Path, path: Path) -> None:
    """Write a file of sound, of any form, rate and number of channels, as a WAV file.

    Several channels become their mean. Errors: `UserError` if it cannot be read.
    """
    write_samples(read_mono(file), path)


def read_mono(file: Path) -> np.ndarray:
    """Return the samples (M,) in [-1, 1] of a file of sound at the engine's rate.

    Several channels become their mean. Errors: `UserError` if it cannot be read.
    """
    samples, rate = read(file)
    mono: np.ndarray = samples.mean(axis=1)
    if rate != SAMPLE_RATE:
        import torch
        from lhotse.augmentation import get_or_create_resampler

        mono = get_or_create_resampler(rate, SAMPLE_RATE)(torch.from_numpy(mono)).numpy()
    return mono


def write_sample(cuts: Path, audio: Path, count: int, folder: Path) -> dict[str, Path]:
    """Write `count` utterances, spread over a split, as WAV files; return them by utterance.

    Audio paths in `cuts` are relative to the folder `audio`.
    """
    sounds = read_sounds(cuts, audio)
    every = max(1, len(sounds) // count)
    found = {}
    for number, sound in enumerate(sounds[::every][:count]):
        found[sound.utterance.id] = folder / f"{number}.wav"
        sound.write_wav(folder / f"{number}.wav")
    return found


def write_samples(samples: np.ndarray, path: Path) -> None:
    """Write samples in [-1, 1] as a WAV file of 16 bits."""
    whole = np.rint(samples * _FULL_SCALE).clip(-_FULL_SCALE, _FULL_SCALE - 1)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(whole.astype("<i2").tobytes())


def _whole_recording(cut: dict[str, Any], audio: Path) -> np.ndarray | None:
    """Return the samples in [-1, 1] of a cut that is a whole recording of the engine's rate.

    None for another cut, and for a recording that is not as the manifest says.
    """
    recording = cut.get("recording") or {}
    sources = recording.get("sources") or [{}]
    is_plain = (
        cut.get("type") == "MonoCut"
        and cut.get("start") == 0
        and cut.get("duration") == recording.get("duration")
        and recording.get("sampling_rate") == SAMPLE_RATE
        and not recording.get("transforms")
        and len(sources) == 1
        and sources[0].get("type") == "file"
        and sources[0].get("channels") == [0]
    )
    if not is_plain:
        return None
    path = audio / sources[0]["source"]
    samples, rate = read(path)
    as_said = (rate, *samples.shape) == (SAMPLE_RATE, recording.get("num_samples"), 1)
    return samples[:, 0] if as_said else None


def _by_lhotse(cut: dict[str, Any], audio: Path, cuts: Path) -> np.ndarray:
    """Return the samples in [-1, 1] of any cut, resampled to the engine's rate."""
    from lhotse.cut import MonoCut

    from schatten.audio.by_lhotse import load, require_files, why

    name = str(cut.get("id"))
    sources = (cut.get("recording") or {}).get("sources") or [{}]
    require_files((str(source.get("type")) for source in sources), name, cuts)
    try:
        # lhotse takes the dictionary apart
        made = (
            MonoCut.from_dict(deepcopy(cut)).with_recording_path_prefix(audio).resample(SAMPLE_RATE)
        )
    except Exception as error:
        raise UserError(
            f"{cuts}: {name} is no cut of one recording ({why(error)}): make the corpus again"
        ) from None
    return load(made, cuts)
