"""Running the engine on a device: this host, an emulated CPU, or a board reached by SSH.

A device is a small YAML (`arm/devices/*.yaml`). It runs one static program with a model or a
bundle, and files of sound. The program's JSON lines come back.
"""

import io
import json
import shlex
import subprocess
import tarfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, ValidationError, model_validator

from schatten.artifacts import Recognised
from schatten.artifacts.devices import PARTS
from schatten.bundles import LEXICON, LM, MANIFEST, MODEL, read_search, search_options
from schatten.device import qemu, tools
from schatten.errors import UserError
from schatten.recipe.base import Settings
from schatten.recipe.layout import ENGINE
from schatten.runtime.files import as_text

FOLDER = Path("arm/devices")
SSH = ("ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10")
UNREACHABLE = 255
"""Status with which ssh says that it could not connect."""


class Device(Settings):
    """A device on which the engine runs."""

    title: str
    """Name in tables."""
    runner: str = Field(pattern=r"^(host|qemu|ssh:([A-Za-z0-9_.-]+@)?[A-Za-z0-9][A-Za-z0-9_.:-]*)$")
    """`host`, `qemu`, or `ssh:USER@BOARD`."""
    cpu: str | None = Field(default=None, pattern=r"^[a-z0-9-]+$")
    """The CPU that qemu emulates."""
    ssh_options: tuple[str, ...] = ()
    """More options of ssh, such as [-p, "2222"]."""

    @model_validator(mode="after")
    def _parts_belong_to_the_runner(self) -> "Device":
        if (self.runner == "qemu") != (self.cpu is not None):
            raise ValueError("cpu: qemu needs one, and other runners have their own")
        if self.ssh_options and not self.runner.startswith("ssh:"):
            raise ValueError("ssh_options: they are for the runner ssh:USER@BOARD")
        return self

    @property
    def has_times(self) -> bool:
        """Whether times mean something: those of an emulated CPU do not."""
        return self.runner != "qemu"


@dataclass(frozen=True)
class Payload:
    """Files and arguments that a device gets besides the program and sound."""

    files: dict[str, Path]
    """Files by their names on the device."""
    words: tuple[str, ...]
    """Arguments of the program, in which names of files stand for them."""

    def arguments(self, place: Callable[[str], str]) -> list[str]:
        """Return the arguments for files that lie at `place(name)`."""
        return [place(word) if word in self.files else word for word in self.words]

    @property
    def bytes(self) -> int:
        """Bytes of all files."""
        return sum(path.stat().st_size for path in self.files.values())


def model_payload(path: Path) -> Payload:
    """Return a model (.gguf) to be decoded greedily."""
    return Payload({MODEL: path}, (MODEL,))


def bundle_payload(folder: Path) -> Payload:
    """Return a bundle (`schatten bundle`), to be searched as its manifest says.

    Errors: `UserError` if it is no bundle.
    """
    search = read_search(folder)
    files = {name: folder / name for name in (MODEL, LM, LEXICON, MANIFEST)}
    names = ("--manifest", MANIFEST, "--lm", LM, "--lexicon", LEXICON, MODEL)
    return Payload(files, (*search_options(search), *names))


@dataclass(frozen=True)
class DeviceRun:
    """Words that a device recognised, and its speed."""

    texts: list[str]
    """Words of each file."""
    statistics: dict[str, float]
    """`audio_seconds`, `compute_seconds`, `rtf`, `acoustic_share`, `first_seconds`,
    `final_seconds`, `load_seconds`, `peak_megabytes`, shares of the parts; for an emulated CPU
    `audio_seconds`, and the shares where its instructions were counted."""


class Unreachable(UserError):
    """The board did not answer."""


def load_device(path: Path) -> Device:
    """Read a device.

    Errors: `UserError` if the file is missing or says something unknown.
    """
    try:
        content = yaml.safe_load(as_text(path.read_bytes(), path))
        return Device.model_validate(content)
    except OSError:
        raise UserError(f"{path} cannot be read: give a device, arm/devices/host.yaml") from None
    except yaml.YAMLError as error:
        raise UserError(f"{path} is no YAML: {str(error).splitlines()[0]}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the device"
        raise UserError(f"{path}: {where}: {first['msg']}") from None


@cache
def all_devices() -> dict[str, Device]:
    """Read every device of the project, by name."""
    return {path.stem: load_device(path) for path in sorted(FOLDER.glob("*.yaml"))}


def device_names(text: str) -> tuple[str, ...]:
    """Read names of devices, separated by commas or spaces; each is returned once.

    Errors: `UserError` for a name that no device has.
    """
    found = tuple(dict.fromkeys(text.replace(",", " ").split()))
    unknown = [name for name in found if name not in all_devices()]
    if unknown or not found:
        problem = f"there is no {unknown[0]}" if unknown else "it names no device"
        raise UserError(f"devices={text!r}: {problem}; {FOLDER} has {', '.join(all_devices())}")
    return found


def program_for(device: Device) -> Path:
    """Return the newest `schatten-recognize` that was built here for a device.

    `make wer_tables` builds one for this machine, `schatten run arm` and
    `scripts/build_engine.sh --target` others. Errors: `UserError` that says how to build one.
    """
    is_here = device.runner == "host"
    folder = "host" if is_here else "aarch64"
    tools = Path(".tools/engine" if is_here else ".tools/engine-aarch64")
    places = [Path(f"results/arm/{folder}/bin"), tools / "bin"]
    built = [place / ENGINE.name for place in places if (place / ENGINE.name).is_file()]
    if not built:
        build = "scripts/build_engine.sh" + ("" if is_here else " --target aarch64")
        said = " or ".join(str(place / ENGINE.name) for place in places)
        raise UserError(f"there is no {said}: run {build}, or give --program")
    return max(built, key=lambda path: path.stat().st_mtime)


def recognise(
    device: Device,
    program: Path,
    payload: Payload,
    audio: Sequence[Path],
    plugin: Path | None = None,
) -> DeviceRun:
    """Run `schatten-recognize` of the device's architecture on files of sound.

    With `plugin` (libinsn_plugin.so of this host) an emulated CPU's clock counts instructions, so
    that the shares of the engine's parts mean something.

    Errors: `UserError` if it fails, `Unreachable` where a board does not answer.
    """
    for path in (program, *payload.files.values(), *audio):
        if not path.is_file():
            raise UserError(f"{path} does not exist: give the program, a model and files of sound")
    if device.runner.startswith("ssh:"):
        return _report(device, _on_board(device, program, payload, audio), len(audio))
    emulation = qemu.counting_clock(plugin) if plugin else ()
    done = tools.run(local_command(device, program, payload, audio, *emulation))
    is_counted = plugin is not None and qemu.has_counted(done.stderr)
    return _report(device, done.stdout, len(audio), is_counted=is_counted)


def local_command(
    device: Device, program: Path, payload: Payload, audio: Sequence[Path], *emulation: str
) -> list[str]:
    """Return the command for this host or an emulated CPU (with more options of the emulator)."""
    emulator = ["qemu-aarch64", "-cpu", device.cpu, *emulation] if device.cpu else []
    arguments = payload.arguments(lambda name: str(payload.files[name]))
    return [*emulator, str(program), "--json", *arguments, *map(str, audio)]


def _report(device: Device, said: str, files: int, *, is_counted: bool = False) -> DeviceRun:
    try:
        lines: list[Any] = [json.loads(line) for line in said.splitlines()]
        texts = [line["text"] for line in lines[:-1]]
        statistics = {name: float(value) for name, value in lines[-1].items()}
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        texts, statistics = [], {}
    if len(texts) != files or "rtf" not in statistics:
        raise UserError(f"{device.title} sent back something else than results: {said[:200]!r}")
    if not device.has_times:
        kept = ("audio_seconds", *(("acoustic_share", *PARTS) if is_counted else ()))
        statistics = {name: statistics[name] for name in kept if name in statistics}
    return DeviceRun(texts, statistics)


def _on_board(device: Device, program: Path, payload: Payload, audio: Sequence[Path]) -> str:
    """Send everything through one connection, run it in a folder of its own, remove that."""
    board = device.runner.removeprefix("ssh:")
    names = [f"{number}.wav" for number in range(len(audio))]
    sent = _archive({"schatten-recognize": program, **payload.files}, names, audio)
    arguments = payload.arguments(lambda name: name)
    run = shlex.join(["./schatten-recognize", "--json", *arguments, *names])
    script = (
        "folder=$(mktemp -d) && trap 'rm -rf \"$folder\"' EXIT"
        f' && tar -x -C "$folder" -f - && cd "$folder" && {run}'
    )
    command = [*SSH, *device.ssh_options, board, script]
    try:
        done = subprocess.run(command, input=sent, capture_output=True, check=False)
    except FileNotFoundError:
        raise UserError("ssh is missing: apt-get install openssh-client") from None
    reason = done.stderr.decode(errors="replace").strip()[-300:]
    if done.returncode == UNREACHABLE:
        raise Unreachable(f"{board} cannot be reached: {reason}")
    if done.returncode != 0:
        raise UserError(f"{board}: {reason}")
    return done.stdout.decode(errors="replace")


def _archive(files: dict[str, Path], names: Sequence[str], audio: Sequence[Path]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, path in [*files.items(), *zip(names, audio, strict=True)]:
            entry = archive.gettarinfo(path, name)
            entry.mode = 0o755
            with path.open("rb") as content:
                archive.addfile(entry, content)
    return packed.getvalue()


def recognised(device: Device, payload: Payload, report: DeviceRun) -> Recognised:
    """Return the record of a run; `speed_up` is audio over computing time."""
    statistics = dict(report.statistics)
    if statistics.get("rtf"):
        statistics["speed_up"] = 1 / statistics["rtf"]
    about = {
        "device": device.title,
        "model": payload.files[MODEL].name,
        "model_bytes": payload.files[MODEL].stat().st_size,
        "bytes": payload.bytes,
        "texts": report.texts,
        **statistics,
    }
    return Recognised.model_validate(about)
