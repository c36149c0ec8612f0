"""Folders of recorded noise and impulse responses. It imports little: the Snakefile reads it."""

from collections.abc import Collection
from pathlib import Path

from schatten.errors import UserError
from schatten.recipe.styles import MultiStyle, Noise
from schatten.recipe.voicesearch import VoiceSearchCorpus

HELD_OUT = "held_out"
"""Rooms and noises of every split but train."""
_AUDIO = {".wav", ".flac", ".ogg", ".mp3", ".sph", ".aiff"}
_FIFTH = 5


def folders(settings: VoiceSearchCorpus | MultiStyle) -> list[str]:
    """Return the folders of recordings that a corpus is made with, each once."""
    rooms = settings.reverberation.directory if settings.reverberation.share else None
    return list(dict.fromkeys(name for name in (settings.noise.directory, rooms) if name))


def audio_files(directory: str) -> list[Path]:
    """Return the audio files below a folder, sorted.

    Errors: `UserError` if the folder is missing or holds no audio.
    """
    folder = Path(directory)
    if not folder.is_dir():
        raise UserError(f"{folder} is not a folder: correct `directory` in the recipe's corpus")
    found = sorted(
        path for path in folder.rglob("*") if path.suffix.lower() in _AUDIO and not path.is_dir()
    )
    if not found:
        raise UserError(f"{folder} holds no audio ({', '.join(sorted(_AUDIO))}): copy some there")
    return found


def noise_recordings(settings: Noise, side: str) -> list[Path]:
    """List the recordings of noise of a side, `train` or `held_out`.

    Errors: as `audio_files`, and for a name in `leave_out` that no file has.
    """
    assert settings.directory is not None, "the kind `recording` has a folder"
    return recordings(settings.directory, side, settings.leave_out)


def recordings(directory: str, side: str, leave_out: Collection[str] = ()) -> list[Path]:
    """List the audio files below a folder that belong to a side, `train` or `held_out`.

    Of five or more, every fifth is for dev and test and the others for training; fewer serve both.

    Errors: as `noise_recordings`.
    """
    every = audio_files(directory)
    if unknown := sorted(set(leave_out) - {path.name for path in every}):
        raise UserError(
            f"noise.leave_out names {unknown[0]}, and {directory} holds no such file: correct it"
        )
    found = [path for path in every if path.name not in leave_out]
    if not found:
        raise UserError(f"noise.leave_out names every file of {directory}: leave one to be used")
    if len(found) < _FIFTH:
        return found
    return [p for i, p in enumerate(found) if (i % _FIFTH == _FIFTH - 1) == (side == HELD_OUT)]
