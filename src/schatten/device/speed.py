"""How fast a bundle runs on a device: measured there, or modelled where the CPU is emulated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from schatten.artifacts import Measured
from schatten.artifacts.devices import PARTS
from schatten.device import devices, llvm_mca, qemu, tools
from schatten.device.devices import Device, DeviceRun, Payload
from schatten.errors import UserError
from schatten.runtime import provenance

MEASURED = (
    *("acoustic_share", *PARTS),
    *("peak_megabytes", "load_seconds", "first_seconds", "final_seconds"),
)


@dataclass(frozen=True)
class Sample:
    """Sound, and the words that this host's engine finds in it."""

    audio: Sequence[Path]
    texts: Sequence[str]

    def differing(self, report: DeviceRun) -> int:
        """Count utterances with other words."""
        return sum(a != b for a, b in zip(report.texts, self.texts, strict=True))


def sample(audio: Mapping[str, Path], words: Mapping[str, Sequence[str]]) -> Sample:
    """Join WAV files and words by utterance.

    Errors: `UserError` if an utterance has no words.
    """
    if missing := set(audio) - set(words):
        raise UserError(f"the hypotheses have no {min(missing)}: they are of another split")
    return Sample(list(audio.values()), [" ".join(words[name]) for name in audio])


def measure(
    device: Device, program: Path, payload: Payload, sound: Sample, rounds: int
) -> Measured:
    """Recognise the sample `rounds` times; return the statistics of the fastest round.

    The loading time, by the clock, is the shortest of all rounds.

    Errors: `UserError` for an emulated CPU, whose times mean nothing, or if a run fails.
    """
    if not device.has_times:
        raise UserError(f"{device.title} has no times of its own: `device estimate` models them")
    reports = [devices.recognise(device, program, payload, sound.audio) for _ in range(rounds)]
    fastest = min(reports, key=lambda report: report.statistics["rtf"])
    load_seconds = min(report.statistics["load_seconds"] for report in reports)
    found = {**fastest.statistics, "load_seconds": load_seconds}
    speed = 1 / found["rtf"] if found["rtf"] else None
    parts = {name: found.get(name) for name in PARTS}  # an earlier program does not say them
    rest = {name: found[name] for name in MEASURED if name not in PARTS}
    return _result(device, fastest, sound, speed, {**rest, **parts})


def estimate(
    device: Device, program: Path, payload: Payload, sound: Sample, plugin: Path, library: Path
) -> Measured:
    """Bound the speed of an emulated CPU: counted instructions, modelled cycles; no memory.

    Shares of the parts are those of the instructions.

    All instructions of the engine, without loading, are assumed to run as fast as those of the
    fastest inner loop. The loops are those of `library` (libschatten_kernels.a for AArch64), at the
    CPU's clock. A CPU without a model gets no speed. Errors: `UserError` if a tool or a run fails.
    """
    report = devices.recognise(device, program, payload, sound.audio, plugin)
    speed = None
    if device.cpu in {cpu.name for cpu in llvm_mca.CPUS}:
        per_second = instructions(device, program, payload, sound.audio, plugin)
        per_second -= instructions(device, program, payload, [], plugin)
        per_second /= report.statistics["audio_seconds"]
        clock = 1e9 * llvm_mca.cpu_named(device.cpu).gigahertz
        speed = clock * llvm_mca.instructions_per_cycle(library, device.cpu) / per_second
    found = {name: report.statistics.get(name) for name in MEASURED}
    return _result(device, report, sound, speed, found)


def instructions(
    device: Device, program: Path, payload: Payload, audio: Sequence[Path], plugin: Path
) -> float:
    """Count the instructions of a whole run under emulation, loading included."""
    emulation = ("-plugin", str(plugin.resolve()))
    command = devices.local_command(device, program, payload, audio, *emulation)
    return float(qemu.instruction_count(tools.run(command).stderr, plugin))


def _result(
    device: Device,
    report: DeviceRun,
    sound: Sample,
    speed: float | None,
    statistics: Mapping[str, float | None],
) -> Measured:
    here = provenance.machine_and_commit()
    return Measured(
        device=device.title,
        cpu=here["cpu"] if device.runner == "host" else None,
        is_modelled=not device.has_times,
        utterances=len(sound.texts),
        differing=sound.differing(report),
        audio_seconds=report.statistics["audio_seconds"],
        speed_up=speed,
        **statistics,
        date=here["date"],
    )
