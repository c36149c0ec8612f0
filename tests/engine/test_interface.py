"""schatten.h: versions, options of older and newer programs, models from memory, fp32 samples."""

import ctypes
import tomllib

import numpy as np
import pytest
from engine_library import Options
from project import ROOT


def defaults(engine, size):
    """Return the bytes that the library fills in for a struct of a size, and what lies behind."""
    memory = (ctypes.c_ubyte * (size + 8))(*[0xAA] * (size + 8))
    engine.library.schatten_options_default(memory, size)
    assert bytes(memory[size:]) == b"\xaa" * 8, "nothing is written behind the struct"
    return bytes(memory[:size])


def opened(engine, model, options):
    """Open a stream with the bytes of a struct; return why not, or nothing."""
    error = ctypes.create_string_buffer(512)
    memory = (ctypes.c_ubyte * len(options))(*options)
    handle = engine.library.schatten_stream_open(model.handle, memory, error, len(error))
    engine.library.schatten_stream_close(handle)
    return error.value.decode()


def test_one_version_stands_in_the_header_and_in_the_packages(engine):
    for name in ("pyproject.toml", "arm/python/pyproject.toml"):
        project = tomllib.loads((ROOT / name).read_text())["project"]
        assert project["version"] == engine.version


def test_the_struct_of_the_tests_is_the_librarys(engine):
    filled = Options.from_buffer_copy(defaults(engine, ctypes.sizeof(Options)))
    assert filled.size == ctypes.sizeof(Options)
    assert (filled.batch_frames, filled.lm_weight, filled.beam, filled.token_beam) == (
        4,
        1,
        200,
        15,
    )


def test_an_older_program_gets_the_defaults_of_what_it_does_not_know(engine, made, sound):
    model = engine.open(made("lstm")[1])
    first = Options.user.offset + ctypes.sizeof(ctypes.c_void_p)
    assert opened(engine, model, defaults(engine, first)) == ""
    for size in (0, first - 8):  # never filled in
        unset = (size).to_bytes(8, "little") + bytes(first - 8)
        assert "fill them in with schatten_options_default" in opened(engine, model, unset)


def test_a_newer_program_may_leave_unset_what_the_library_does_not_know(engine, made):
    model = engine.open(made("lstm")[1])
    longer = defaults(engine, ctypes.sizeof(Options) + 64)
    assert longer[ctypes.sizeof(Options) :] == bytes(64)
    assert opened(engine, model, longer) == ""
    wants_more = longer[:-8] + b"\1" + bytes(7)
    assert f"libschatten {engine.version} does not know" in opened(engine, model, wants_more)


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_a_model_in_memory_is_the_one_in_the_file(engine, made, sound, precision):
    path = made("joint", precision)[1]
    expected = engine.open(path).stream().whole(sound)
    for shift in (0, 1):  # a blob in a program may lie anywhere
        data = bytes(shift) + path.read_bytes()
        memory = ctypes.create_string_buffer(data, len(data))
        model = engine.open_memory(ctypes.addressof(memory) + shift, len(data) - shift)
        found = model.stream().whole(sound)
        assert np.array_equal(found[0], expected[0])
        assert np.array_equal(found[1], expected[1])
        assert memory.raw == data, "the caller's memory stays as it was"


def test_memory_that_holds_no_model_is_refused(engine, made):
    whole = made("lstm", "int8")[1].read_bytes()
    for data in (b"", b"GGUF", whole[:1000], whole[: len(whole) // 2], bytes(len(whole))):
        with pytest.raises(ValueError, match=r"^the model in memory "):
            engine.open_memory(data)


def test_fp32_samples_give_the_bits_of_16_bit_ones(engine, made, sound):
    model = engine.open(made("dense", "int8")[1])
    extremes = np.concatenate([sound, np.array([-32768, 32767] * 300, np.int16), sound])
    expected = model.stream().whole(extremes)
    halves = (extremes / 32768).astype(np.float32)
    for chunk in (None, 159, 1777):
        found = model.stream().whole(halves, chunk)
        assert np.array_equal(found[0], expected[0])
        assert np.array_equal(found[1], expected[1])


def test_fp32_samples_are_not_rounded_to_16_bits(engine, made, sound):
    model = engine.open(made("dense")[1])
    quiet = (sound / 32768 / 16).astype(np.float32)
    rounded = np.round(quiet * 32768).astype(np.int16)
    fine, coarse = model.stream().whole(quiet)[0], model.stream().whole(rounded)[0]
    louder = model.stream().whole(sound)[0]
    # A sixteenth of the sound has its features, shifted, but where they lie at their floor.
    shift = louder - 2 * np.log(16)
    heard = shift > np.log(1e-6)
    assert heard.mean() > 0.3
    assert np.abs(fine - shift)[heard].max() < 1e-3 < np.abs(coarse - shift)[heard].max()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 300.0, -16.5])
def test_samples_of_another_scale_end_the_utterance_with_a_sentence(engine, made, sound, bad):
    stream = engine.open(made("lstm")[1]).stream()
    samples = (sound / 32768).astype(np.float32)
    stream.accept(samples[:16000])
    damaged = samples[16000:].copy()
    damaged[100] = bad
    assert stream.accept(damaged) == 0
    assert stream.ended and stream.text == "" and "divide samples that are 16-bit" in stream.problem
    stream.restart()
    assert stream.problem == ""
    stream.accept(np.float32(1.5) * samples)  # overdriven, and taken
    stream.finish()
    assert stream.text
