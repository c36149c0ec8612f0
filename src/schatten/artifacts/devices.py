"""Exported models, bundles, and their speed on devices."""

from pydantic import ConfigDict

from schatten.artifacts.base import Artifact


class Latency(Artifact):
    """The algorithmic latency of a model.

    The GGUF file holds the same fields in this order, which must therefore not change.
    """

    window_samples: int | None = None
    look_ahead_frames: int | None = None
    """Feature frames of look-ahead."""
    stride_frames: int | None = None
    """Feature frames for each output frame."""
    batch_frames: int | None = None
    """Output frames that the products without recurrence take at once."""
    seconds: float
    """Time from the first sample of an output frame to its values."""


class Exported(Artifact):
    """A model for the engine; `model.PRECISION.json` beside the GGUF file."""

    parameters: int | None = None
    bytes: int
    precision: str | None = None
    """`fp32`, `int8` or `int4`."""
    latency: Latency


class Instructions(Artifact):
    """Instructions that the engine executes with a model; `model.PRECISION.instructions.json`."""

    sha256: str
    """SHA-256 of the model's file (GGUF), hexadecimal."""
    frames_per_second: float
    """Output frames of a second of sound."""
    a_frame: dict[str, float]
    """Instructions for an output frame, by the CPU that was emulated: all that the engine does."""


class BundledFile(Artifact):
    """A file of a bundle."""

    bytes: int
    sha256: str | None = None
    """SHA-256, hexadecimal."""


class Gate(Artifact):
    """Thresholds of the engine's gate: what is silence or noise to a stream."""

    decibels: float
    """The acoustic model sleeps while no sound is louder than the background by this; 0: never."""
    evidence: float
    """An utterance that is less surely speech than this, 0 to 1, has no text; 0: all have."""


class Manifest(Artifact):
    """Files and settings of a bundle for a device; its `manifest.json`."""

    schatten_bundle: int | None = None
    """Version of the format: 2 where the bundle has thresholds of its gate, else 1."""
    files: dict[str, BundledFile]
    bytes: int
    """Size of all files together."""
    search: dict[str, int | float] | None = None
    """Settings of the search, by the names of the engine's options."""
    gate: Gate | None = None
    """Thresholds that were chosen on dev; None: the engine's usual ones."""


class Recognised(Artifact):
    """Words that a device recognised, and its speed; `schatten device run --output`.

    The program's other statistics are kept, by the names that it gives them.
    """

    model_config = ConfigDict(extra="allow")

    device: str
    """The device's title."""
    model: str
    """Name of the model's file."""
    model_bytes: int
    bytes: int
    """Size of all files that the device was given besides the program and sound."""
    texts: list[str]
    """The recognised text of each WAV file."""
    audio_seconds: float
    speed_up: float | None = None
    """Seconds of sound over seconds of computing; missing if times mean nothing."""
    acoustic_share: float | None = None
    """Share of the computing time that the acoustic model takes."""
    load_seconds: float | None = None
    peak_megabytes: float | None = None


class Measured(Artifact):
    """Speed of a bundle on a device; `measured.json`. Unknown values are None."""

    device: str
    """The device's title."""
    cpu: str | None
    """The processor, if the device is this host."""
    is_modelled: bool
    """Whether the speed is an estimate instead of a measured time."""
    utterances: int
    differing: int
    """Utterances whose words differ from those of this host's engine."""
    audio_seconds: float
    speed_up: float | None
    """Seconds of sound over seconds of computing."""
    acoustic_share: float | None
    """Share of the computing time that the acoustic model takes."""
    feature_share: float | None = None
    """Shares of its parts in the computing time, which add up to 1: features, convolutions (with
    the stacking of frames), recurrent layers, the other layers with the softmax, and the search."""
    convolution_share: float | None = None
    recurrent_share: float | None = None
    output_share: float | None = None
    search_share: float | None = None
    peak_megabytes: float | None
    load_seconds: float | None
    first_seconds: float | None
    """Time from the start of a word to its text, with sound in real time (mean)."""
    final_seconds: float | None
    """Time from the last sample to the final text (mean)."""
    date: str


PARTS = ("feature_share", "convolution_share", "recurrent_share", "output_share", "search_share")
"""Fields of `Measured` that add up to 1."""


def shares(found: Measured) -> str:
    """Return the shares of all parts in words; nothing where one is not known."""
    values = {part.removesuffix("_share"): getattr(found, part) for part in PARTS}
    if None in values.values():
        return ""
    return ", ".join(f"{name} {100 * value:.0f} %" for name, value in values.items())
