"""What is written down both in the engine's C++ and in Python: each pair is equal.

Constants are read from the sources, so nothing is built here.
"""

import math
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import annotated_types
import gguf
import numpy as np
import pytest
from project import ROOT
from pydantic import TypeAdapter, ValidationError
from small_models import deep_speech_2, make

from schatten import bundles, models
from schatten.artifacts import Exported, Latency, Manifest
from schatten.audio import chunks
from schatten.compress import quantize as compress_quantize
from schatten.compress.forms import ENGINE_BLOCK
from schatten.compress.quantize import largest_code
from schatten.corpus import utterance, validate
from schatten.decode import search, sound
from schatten.device import gate, speed
from schatten.export import bundle, layers, quantize, run
from schatten.features import extractors
from schatten.models import engine_frames
from schatten.recipe import base
from schatten.recipe.decoding import Decoding
from schatten.recipe.models import FEATURE_BINS
from schatten.units import BLANK, Units
from schatten_bench import kernel_table

ENGINE, KERNELS = ROOT / "arm/engine", ROOT / "arm/kernels"


def source(name: str) -> str:
    """Return a source of the engine or the kernels."""
    return next(
        folder / name for folder in (ENGINE, KERNELS) if (folder / name).is_file()
    ).read_text()


def constant(file: str, name: str) -> float:
    """Return the number that a C++ source gives a constant."""
    found = re.findall(rf"\b{name} = (-?\w[\w.]*?)[uf]?(?=[,;])", source(file))
    assert len(found) == 1, f"{file} says {name} {len(found)} times"
    return float(int(found[0], 16)) if found[0].startswith("0x") else float(found[0])


def written(file: str, pattern: str) -> tuple[float, ...]:
    """Return the numbers in the groups of a pattern, which the source holds once."""
    found = re.findall(pattern, source(file))
    assert len(found) == 1, f"{file} holds {pattern!r} {len(found)} times"
    groups: Iterable[str] = found[0] if isinstance(found[0], tuple) else found
    return tuple(float(number) for number in groups)


def highest(kind: Any) -> float:
    """Return the upper bound of a number of a recipe, and see that more is refused."""
    (field,) = kind.__metadata__
    (bound,) = (one.le for one in field.metadata if isinstance(one, annotated_types.Le))
    TypeAdapter(kind).validate_python(bound)
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(bound + 1)
    return float(bound)


def test_the_widest_beam() -> None:
    widest, threshold = highest(base.Beam), highest(base.BeamThreshold)
    assert widest == constant("options.h", "kWidestBeam")
    assert threshold == constant("options.h", "kHighestThreshold")
    assert threshold == -constant("frame_units.h", "kLeastLogProb"), "no product leaves a double"
    assert written("options.h", r'"beam must be 1 to (\d+)') == (widest,)
    assert written("options.h", r"beam_threshold must be above 0 and at most (\d+)") == (threshold,)
    assert written("schatten.h", r"paths kept, 1\.\.(\d+)") == (widest,)
    said = r"dropped \(natural log\); above 0, at\s+most (\d+)"
    assert written("schatten.h", said) == (threshold,)


def test_the_defaults_of_the_search() -> None:
    settings = Decoding()
    defaults = tuple(
        written("options.h", rf"options\.{name} = (\d+);")[0]
        for name in ("beam", "beam_threshold", "token_beam")
    )
    assert defaults == (settings.beam, settings.beam_threshold, settings.token_beam)
    assert written("arguments.cpp", r"\(default (\d+), (\d+), (\d+)\)") == defaults
    assert defaults == tuple(
        written("schatten.h", rf"\b{name} (\d+)[,.]")[0]
        for name in ("beam", "beam_threshold", "token_beam")
    )


def test_frames_of_a_batch() -> None:
    frames = constant("product.h", "kMaxBatch")
    assert frames == run.BATCH_FRAMES
    assert "options.batch_frames = kMaxBatch;" in source("options.h")
    assert written("options.h", r"batch_frames must be 1 to (\d)") == (frames,)
    assert written("schatten.h", r"output frames computed at once, 1\.\.(\d):") == (frames,)
    assert written("arguments.cpp", r"1 to (\d) \(default (\d)\)") == (frames, frames)


def test_the_block_of_sparse_matrices() -> None:
    header = (KERNELS / "schatten_kernels.h").read_text()
    sizes = re.findall(r"#define SK_BLOCK_(?:ROWS|COLS) (\d+)", header)
    assert tuple(map(int, sizes)) == ENGINE_BLOCK


def test_the_format_of_models() -> None:
    assert constant("model.cpp", "kVersion") == run.FORMAT_VERSION
    assert f'"general.architecture") == "{run.ARCHITECTURE}"' in source("model.cpp")
    assert constant("gguf.cpp", "kMagic") == gguf.GGUF_MAGIC
    assert gguf.GGUF_MAGIC.to_bytes(4, "little") == bundle._MAGIC[bundles.MODEL][0]
    assert written("gguf.cpp", r"version == (\d+)") == (gguf.GGUF_VERSION,)
    assert '"schatten.precision") != "fp32"' in source("model.cpp")
    assert set(run.Precision.__args__) == {"fp32", "int8", "int4"}  # type: ignore[attr-defined]


def test_the_metadata_that_the_engine_reads_is_written(tmp_path: Path) -> None:
    units = Units("phones", (BLANK, "AA", "|"), "|")
    models.save(make(deep_speech_2(), units=units).eval(), tmp_path / "model.pt")
    run.export(tmp_path / "model.pt", "int8", tmp_path / "model.gguf")
    reader = gguf.GGUFReader(tmp_path / "model.gguf")
    names = set(reader.fields) | {tensor.name for tensor in reader.tensors}
    read = re.findall(r'"((?:schatten|general|features)\.[\w.]+)"', source("model.cpp"))
    read += re.findall(r'"((?:schatten|features)\.[\w.]+)"', source("spectra.cpp"))
    assert len(read) > 12
    assert set(read) - names == set()
    assert {f"schatten.latency.{name}" for name in Latency.model_fields} <= names
    assert reader.fields["schatten.latency.seconds"].contents() == pytest.approx(
        Exported.read(tmp_path / "model.json").latency.seconds
    )


def test_the_rate_and_the_steps_of_sound() -> None:
    rate = constant("spectra.cpp", "kSampleRate")
    assert rate == constant("source.h", "kSoundRate")
    rates = sound._ENGINE_RATES
    assert rates[0] == constant("sound.cpp", "kLowest")
    assert rates[-1] == constant("sound.cpp", "kHighest")
    assert written("arguments.cpp", r"any rate \((\d+) to (\d+) kHz\)") == (
        rates[0] / 1000,
        rates[-1] / 1000,
    )
    assert rate == extractors.SAMPLING_RATE == utterance.SAMPLING_RATE == sound.SAMPLE_RATE
    shift = extractors.FRAME_SHIFT
    assert shift == validate._FRAME == round(extractors.FRAME_SHIFT_SECONDS * rate)
    assert constant("recognize.cpp", "kChunk") == shift, "sound is handed over a frame at a time"
    assert constant("wav.cpp", "kStreamed") == chunks._STREAMED


@pytest.mark.parametrize("feature", FEATURE_BINS)
def test_the_engine_takes_the_windows_of_every_feature(feature: str) -> None:
    """Bounds of `arm/engine/spectra.cpp`: sizes, and the factors of its Fourier transform."""
    layer: Any = extractors.extractor(feature).layer
    window, length = len(layer.wav2win._window), layer.fft_length
    text = source("spectra.cpp")
    for name, value in (
        ("fft", length),
        ("shift", extractors.FRAME_SHIFT),
        ("bins", FEATURE_BINS[feature]),
        ("window", window),
    ):
        (bounds,) = re.findall(rf'"schatten\.features\.{name}", (\d+), (\d+)\)', text)
        assert int(bounds[0]) <= value <= int(bounds[1]), name
    assert "window() <= spectrum_.length() && shift_ <= window()" in text
    assert extractors.FRAME_SHIFT <= window <= length
    (factors,) = re.findall(r"for \(const int factor : \{([\d, ]+)\}\)", text)
    left = length // 2
    assert length % 2 == 0
    for factor in map(int, factors.split(",")):
        while left % factor == 0:
            left //= factor
    assert left == 1
    (floor,) = re.findall(r"floor_ >= (1e-\d+)f", text)
    assert float(floor) <= extractors.POWER_FLOOR


def test_the_clip_of_activations() -> None:
    """The engine reads it from the model; the models of torch have it written down."""
    folders = ("schatten/models", "schatten/export", "schatten_bench")
    paths = [path for folder in folders for path in (ROOT / "src" / folder).glob("*.py")]
    calls = [one for path in paths for one in re.findall(r"hardtanh\((.*?)\)", path.read_text())]
    bounds = {tuple(one.split(", ")[1:]) for one in calls}
    names = {"CLIP": layers.CLIP, "self.clip": layers.CLIP}
    assert len(calls) >= 3
    values = {(float(low), names.get(high) or float(high)) for low, high in bounds}
    assert values == {(0.0, layers.CLIP)}


def test_the_range_of_weights_and_activations() -> None:
    largest = quantize.LARGEST[8]
    assert {bits: largest_code(bits) for bits in quantize.LARGEST} == quantize.LARGEST
    assert written("schatten_kernels.h", r"Weights lie in -(\d+)\.\.(\d+):") == (largest, largest)
    assert written("pack.cpp", r"the kernels take -(\d+)\.\.(\d+) ") == (largest, largest)
    levels = re.findall(r"([\d.]+)f / top|top / ([\d.]+)f", source("vector_impl.h"))
    assert {float(one or other) for one, other in levels} == {largest}
    weights = np.random.default_rng(1).normal(size=(9, 7))
    whole, _ = quantize.quantize_rows(np.vstack([weights, -weights]))
    assert (int(whole.min()), int(whole.max())) == (-largest, largest)


def test_the_functions_of_a_frame() -> None:
    """Torch's quantised forward computes exponentials and tanh with the engine's numbers."""
    text = source("vector_impl.h")
    numbers = {float(one) for one in re.findall(r"-?\d+\.\d+(?:e[+-]?\d+)?(?=f)", text)}
    used = (*engine_frames._EXP, *engine_frames._TANH_ABOVE, *engine_frames._TANH_BELOW)
    assert set(used) <= numbers
    assert {engine_frames._SHIFT, 87.3365402, 88.7228317, 7.90531111} <= {*map(abs, numbers)}
    assert compress_quantize._SHIFT == engine_frames._SHIFT


def test_blocks_of_packed_weights() -> None:
    for name, block in kernel_table.BLOCK.items():
        is_32_bit = name == kernel_table.NEON_32
        text = source("neon32.cpp" if is_32_bit else f"{name}.cpp")
        stem = "neon" if is_32_bit else name
        (said,) = re.findall(rf'= \{{"{stem}", \w+, \{{\w+, \w+, (\w+)\}}', text)
        found = said if said.isdigit() else re.findall(rf"\b{said} = (\d+)[,;]", text)
        assert [str(block)] == ([found] if isinstance(found, str) else found), name


def test_logarithms_of_kenlm() -> None:
    assert constant("ngrams.cpp", "kNatural") == pytest.approx(math.log(10.0), rel=1e-7)
    assert math.log(10.0) == search.LOG_10


def test_the_blank_is_the_first_unit() -> None:
    assert written("schatten.h", r"unit (\d+) is CTC's blank") == (search.BLANK_INDEX,)


def test_the_options_that_a_bundle_gives_are_the_programs() -> None:
    taken = set(re.findall(r'name == "(--[\w-]+)"', source("arguments.cpp")))
    manifest = Manifest.read(ROOT / "tests/artifacts/data/manifest.json")
    given = {word for word in bundles.search_options(manifest.search or {}) if word[:2] == "--"}
    assert len(given) == 5
    assert given | set(re.findall(r"(--[\w-]+) ", bundle._SCRIPT)) <= taken


def test_the_statistics_that_are_read_are_those_printed() -> None:
    last_line = source("recognize.cpp").partition(r'printf("{\"audio_seconds\"')[2]
    printed = {"audio_seconds", *re.findall(r'\\"(\w+)\\": %', last_line)}
    assert {*speed.MEASURED, "rtf"} <= printed


def test_the_gate_of_a_bundle_is_read_alike() -> None:
    usual = re.findall(r"#define SCHATTEN_GATE_DECIBELS ([\d.]+)", source("schatten.h"))
    assert [float(one) for one in usual] == [gate.USUAL_DECIBELS]
    newest = re.findall(r"kNewest = (\d+);", source("manifest.cpp"))
    assert [int(one) for one in newest] == [bundles.WITH_GATE]
    for path, name in (
        ("arm/python/src/schatten_engine/bundle.py", r"^VERSIONS = \((.*)\)$"),
        ("arm/web/schatten.js", r"^const BUNDLE_VERSIONS = \[(.*)\];"),
    ):
        [read] = re.findall(name, (ROOT / path).read_text(), re.MULTILINE)
        assert read == f"{bundles.VERSION}, {bundles.WITH_GATE}"
