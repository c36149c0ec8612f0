"""What goes on devices: exported models, bundles, and how fast they run there."""

from pydantic import ConfigDict

from schatten.artifacts.base import Artifact


class Latency(Artifact):
    """The algorithmic latency of a model.

    The GGUF file holds the same fields in this order, which must therefore not change.
    """

    window_samples: int | None = None
    look_ahead_frames: int | None = None
    """Of features."""
    stride_frames: int | None = None
    """Feature frames an output frame."""
    batch_frames: int | None = None
    """Output frames that the products without recurrence take at once."""
    seconds: float
    """From the first sample of an output frame to its values."""


class Exported(Artifact):
    """A model for the engine; `model.PRECISION.json` beside the GGUF file."""

    parameters: int | None = None
    bytes: int
    precision: str | None = None
    """`fp32` or `int8`."""
    latency: Latency


class BundledFile(Artifact):
    """A file of a bundle."""

    bytes: int
    sha256: str | None = None
    """Hexadecimal."""


class Manifest(Artifact):
    """What a bundle for a device holds; `manifest.json` there."""

    schatten_bundle: int | None = None
    """Version of the format."""
    files: dict[str, BundledFile]
    bytes: int
    """Of all of them."""
    search: dict[str, int | float] | None = None
    """Settings of the search, by the names of the engine's options."""


class Recognised(Artifact):
    """What a device made of sound, and how fast; `schatten device run --output`.

    The program's other statistics are kept, by the names that it gives them.
    """

    model_config = ConfigDict(extra="allow")

    device: str
    """Its title."""
    model: str
    """Name of the model's file."""
    model_bytes: int
    bytes: int
    """Of all files that the device was given besides the program and sound."""
    texts: list[str]
    """Of each WAV file."""
    audio_seconds: float
    speed_up: float | None = None
    """Seconds of sound over seconds of computing; missing where times mean nothing."""
    acoustic_share: float | None = None
    """Of the computing time."""
    load_seconds: float | None = None
    peak_megabytes: float | None = None


class Measured(Artifact):
    """How fast a bundle runs on a device; `measured.json`. What is not known is None."""

    device: str
    """Its title."""
    cpu: str | None
    """Of this host."""
    is_modelled: bool
    """Whether the speed is an estimate, and not a time."""
    utterances: int
    differing: int
    """Utterances whose words are not those of this host's engine."""
    audio_seconds: float
    speed_up: float | None
    """Seconds of sound over seconds of computing."""
    acoustic_share: float | None
    """Of the computing time."""
    peak_megabytes: float | None
    load_seconds: float | None
    first_seconds: float | None
    """From the beginning of its word to the first text, sound coming in real time (mean)."""
    final_seconds: float | None
    """From the last sample to the final text (mean)."""
    date: str
