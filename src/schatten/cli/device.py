"""Verbs that run the engine on a device: device run, measure, estimate, instructions."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from schatten.cli.options import AUDIO_DIR, CUTS
from schatten.errors import UserError

if TYPE_CHECKING:
    from schatten.artifacts import Measured
    from schatten.device.speed import Sample

app = typer.Typer(no_args_is_help=True)

DeviceOption = Annotated[Path, typer.Option(help="The device: arm/devices/NAME.yaml.")]
ProgramOption = Annotated[Path, typer.Option(help="schatten-recognize, built for it.")]
PluginOption = Annotated[Path, typer.Option(help="libinsn_plugin.so, built for this host.")]
BundleOption = Annotated[Path, typer.Option(help="A folder that `schatten bundle` wrote.")]
WordsOption = Annotated[
    Path, typer.Option(help="Words that this host's engine recognised on the split.")
]
CorpusOption = Annotated[Path | None, AUDIO_DIR]
ResultOption = Annotated[Path, typer.Option(help="JSON: speed, memory, latency.")]


@app.command("run")
def run(
    audio: Annotated[list[Path], typer.Argument(help="Files of WAV, FLAC or MP3.")],
    *,
    device: DeviceOption,
    model: Annotated[
        Path | None, typer.Option(help="A model that `schatten export` wrote (.gguf), greedily.")
    ] = None,
    bundle: Annotated[
        Path | None, typer.Option(help="Or a folder that `schatten bundle` wrote.")
    ] = None,
    program: Annotated[
        Path | None,
        typer.Option(
            help="schatten-recognize, built for it; default: the newest in results/arm or .tools."
        ),
    ] = None,
    output: Annotated[Path | None, typer.Option(help="JSON: texts and statistics.")] = None,
) -> None:
    """Recognise files of sound on a device: this host, an emulated CPU, or a board through SSH."""
    from schatten.device import devices

    if (model is None) == (bundle is None):
        raise UserError("give --model or --bundle, one of them")
    payload = devices.bundle_payload(bundle) if bundle else devices.model_payload(model or Path())
    where = devices.load_device(device)
    report = devices.recognise(where, program or devices.program_for(where), payload, audio)
    result = devices.recognised(where, payload, report)
    if output is not None:
        result.write(output)
    for path, text in zip(audio, report.texts, strict=True):
        typer.echo(f"{path} {text}")
    said = f"{where.title}: audio {result.audio_seconds:.2f} s"
    if where.has_times:
        said += f", {result.speed_up or 0:.1f} x real time"
        said += f", acoustic model {result.acoustic_share:.3f} of the time"
        said += f", loaded in {result.load_seconds:.3f} s"
        said += f", peak memory {result.peak_megabytes:.1f} MB"
    typer.echo(said if where.has_times else f"{said}; emulated, so no times")


@app.command("measure")
def measure(
    *,
    device: DeviceOption,
    program: ProgramOption,
    bundle: BundleOption,
    cuts: Annotated[Path, CUTS],
    hypotheses: WordsOption,
    output: ResultOption,
    corpus_dir: CorpusOption = None,
    utterances: Annotated[int, typer.Option(min=1, help="Utterances, spread over the split.")] = 20,
    rounds: Annotated[int, typer.Option(min=1, help="Number of runs; the fastest counts.")] = 5,
) -> None:
    """Time a bundle on this host or a board: speed, share of the acoustic model, memory."""
    from schatten.device import devices, speed

    where = devices.load_device(device)
    with _sample(cuts, corpus_dir, hypotheses, utterances) as sound:
        found = speed.measure(where, program, devices.bundle_payload(bundle), sound, rounds)
    _write(output, found)


@app.command("estimate")
def estimate(
    *,
    device: DeviceOption,
    program: ProgramOption,
    bundle: BundleOption,
    cuts: Annotated[Path, CUTS],
    hypotheses: WordsOption,
    plugin: PluginOption,
    library: Annotated[Path, typer.Option(help="libschatten_kernels.a, AArch64.")],
    output: ResultOption,
    corpus_dir: CorpusOption = None,
    utterances: Annotated[int, typer.Option(min=1, help="Utterances, spread over the split.")] = 3,
) -> None:
    """Bound a bundle's speed on an emulated CPU: instructions counted, cycles modelled. No time."""
    from schatten.device import devices, speed

    where = devices.load_device(device)
    with _sample(cuts, corpus_dir, hypotheses, utterances) as sound:
        payload = devices.bundle_payload(bundle)
        found = speed.estimate(where, program, payload, sound, plugin, library)
    _write(output, found)


@app.command("instructions")
def count_instructions(
    *,
    model: Annotated[Path, typer.Option(help="A model that `schatten export` wrote (.gguf).")],
    program: ProgramOption,
    plugin: PluginOption,
    output: Annotated[Path, typer.Option(help="JSON: instructions of a frame, by CPU.")],
) -> None:
    """Count the instructions that the engine executes for a frame with a model. Exact; no time."""
    from schatten.device import instructions

    found = instructions.count(model, program, plugin)
    found.write(output)
    for cpu, number in found.a_frame.items():
        typer.echo(f"{model}, {cpu}: {number:,.0f} instructions a frame")


@contextmanager
def _sample(
    cuts: Path, corpus_dir: Path | None, hypotheses: Path, count: int
) -> Iterator["Sample"]:
    """Write utterances of a split as WAV files for as long as the context lasts."""
    import tempfile

    from schatten.decode.sound import write_sample
    from schatten.device.speed import sample
    from schatten.transcripts import read_hypotheses

    words = read_hypotheses(hypotheses)
    with tempfile.TemporaryDirectory(prefix="schatten-") as folder:
        yield sample(write_sample(cuts, corpus_dir or cuts.parent, count, Path(folder)), words)


def _write(output: Path, found: "Measured") -> None:
    from schatten.artifacts.devices import shares

    found.write(output)
    speed = f"{found.speed_up:.1f} x real time" if found.speed_up else "no speed"
    if found.is_modelled:
        speed = f"at most {speed} (modelled)" if found.speed_up else "no speed is modelled"
    typer.echo(f"{found.device}: {speed}, {found.differing} of {found.utterances} differ")
    if parts := shares(found):
        typer.echo(f"of the {'instructions' if found.is_modelled else 'time'}, {parts}")
