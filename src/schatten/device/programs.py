"""Programs of the engine for other machines, what has to go with them, and their speed here."""

import platform
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from schatten.decode.sound import write_sample
from schatten.device import devices
from schatten.errors import UserError
from schatten.runtime import provenance

_BUILD = Path("scripts/build_engine.sh")
_KENLM, _MINIAUDIO = Path(".tools/kenlm/source"), Path(".tools/miniaudio")
_UTTERANCES, _ROUNDS = 20, 3
"""Utterances that the speed is measured on, and how often: the fastest round counts."""


def build_program(target: str) -> Path:
    """Build `schatten-recognize` for a target, static, if it is not there; return its path.

    Errors: `UserError` with the reason, such as the package of a missing cross-compiler.
    """
    done = subprocess.run([_BUILD, "--target", target], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        why = next((line for line in lines if "apt-get install" in line), lines[-1])
        raise UserError(f"the engine for {target} was not built: {why}")
    return Path(f".tools/engine-{target}/bin/schatten-recognize")


def licences() -> dict[str, Path]:
    """Return the files that go with every program, by their names in a package."""
    return {
        "NOTICE": Path("NOTICE"),
        "licences/schatten-Apache-2.0.txt": Path("LICENSE"),
        "licences/kenlm.txt": _KENLM / "LICENSE",
        "licences/kenlm-LGPL.txt": _KENLM / "COPYING.LESSER.3",
        "licences/miniaudio.txt": _MINIAUDIO / "LICENSE",
    }


def speed_here(
    programs: Mapping[str, Path], bundle: Path, cuts: Path, audio: Path
) -> tuple[dict[str, float], str]:
    """Return the engine's statistics over some test utterances, and the name of this CPU.

    They are empty where none of the programs runs here.
    """
    program = programs.get(platform.machine())
    cpu = provenance.machine_and_commit()["cpu"]
    if program is None:
        return {}, cpu
    with tempfile.TemporaryDirectory(prefix="schatten-") as folder:
        wavs = list(write_sample(cuts, audio, _UTTERANCES, Path(folder)).values())
        host, payload = devices.all_devices()["host"], devices.bundle_payload(bundle)
        rounds = [devices.recognise(host, program, payload, wavs) for _ in range(_ROUNDS)]
    return min((one.statistics for one in rounds), key=lambda found: found["rtf"]), cpu
