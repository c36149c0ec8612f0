"""The speed and the memory of bundles on the machine that makes the page."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from schatten.decode.sound import write_sample
from schatten.device import devices
from schatten.device.devices import Device
from schatten.report.page.points import Speed

_HERE = Device(title="this machine", runner="host")
_UTTERANCES = 8
_ROUNDS = 2


def measure(bundles: Sequence[Path], program: Path, cuts: Path, audio: Path) -> dict[Path, Speed]:
    """Let the engine recognise a few utterances with each bundle; the faster of two runs counts.

    `audio`: folder of the recordings of `cuts`. Errors: `UserError` if the engine fails.
    """
    with tempfile.TemporaryDirectory(prefix="schatten-") as folder:
        sounds = list(write_sample(cuts, audio, _UTTERANCES, Path(folder)).values())
        return {bundle: _speed(bundle, program, sounds) for bundle in bundles}


def _speed(bundle: Path, program: Path, sounds: Sequence[Path]) -> Speed:
    payload = devices.bundle_payload(bundle)
    runs = [devices.recognise(_HERE, program, payload, sounds) for _ in range(_ROUNDS)]
    best = min((run.statistics for run in runs), key=lambda one: one["rtf"])
    # A run too short for the clock has no speed to tell.
    return Speed(1 / max(best["rtf"], 1e-6), best["peak_megabytes"], best["acoustic_share"])
