"""Voices, noise and rooms: the effect of a plan's numbers on the samples."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from schatten.corpus.style import distortion, folders, processes, rooms
from schatten.corpus.style.sounds import Sounds, distort
from schatten.corpus.voicesearch import block as block_module
from schatten.corpus.voicesearch.block import Job
from schatten.corpus.voicesearch.plan import Block, Copy, Spoken
from schatten.errors import UserError
from schatten.espeak import Espeak
from schatten.recipe.styles import Range, Reverberation

RATE = 16000


def copy(**changes: object) -> Copy:
    settings: dict[str, object] = {
        "id": "a",
        "audio": "a.flac",
        "level": -26.0,
        "noise": None,
        "room": None,
        "noise_seed": 3,
    }
    return Copy.model_validate({**settings, **changes})


def job(**changes: object) -> Job:
    settings = {
        "block": Block(name="b", split="train", utterances=[]),
        "output": "out",
        "noise_floor": 200.0,
    }
    return Job.model_validate({**settings, **changes})


def say(text: str, voice: str, rate: int) -> distortion.Signal:
    return Espeak().speak(text, voice, rate=rate, pitch=50, seed=1)


@pytest.fixture(scope="module")
def dry() -> distortion.Signal:
    speech = say("call three four two", "en-us+m1", 130)
    trimmed = distortion.trim(distortion.resample(speech, 22050))
    return distortion.pad(trimmed, 0.2, 0.3)


def test_speech_has_the_pace_the_margins_and_the_level_asked_for(dry: distortion.Signal) -> None:
    assert 0.5 + 0.8 < len(dry) / RATE < 0.5 + 2.0
    assert not np.any(dry[: RATE // 5]) and not np.any(dry[-int(0.3 * RATE) :])
    clean = distort(dry, copy(level=-30.0), Sounds(job()))
    assert 20 * np.log10(distortion.active_level(clean)) == pytest.approx(-30, abs=0.1)


def test_a_faster_rate_is_faster_and_an_unknown_voice_is_refused() -> None:
    slow, fast = (len(say("stop the radio", "en-us+f1", rate)) for rate in (110, 160))
    assert fast < 0.85 * slow
    with pytest.raises(UserError, match=r"no variant 'nobody': choose among .*m1"):
        say("stop", "en-us+nobody", 130)
    with pytest.raises(UserError, match="no accent 'en-gb': choose among en, "):
        say("stop", "en-gb+m1", 130)


def _strongest(samples: distortion.Signal) -> float:
    return float(np.argmax(np.abs(np.fft.rfft(samples)))) * RATE / len(samples)


def test_a_shorter_vocal_tract_raises_all_frequencies_and_is_played_faster() -> None:
    tone = np.sin(2 * np.pi * 500 * np.arange(22050) / 22050).astype(np.float32)
    plain = distortion.scale_voice(tone, 22050, 1.0)
    short = distortion.scale_voice(tone, 22050, 1.2)
    assert len(plain) / len(short) == pytest.approx(1.2, rel=2e-3)
    assert _strongest(plain) == pytest.approx(500, rel=2e-3)
    assert _strongest(short) == pytest.approx(600, rel=4e-3)


def test_a_vocal_tract_keeps_the_pace_of_speech(tmp_path: Path) -> None:
    seconds = []
    for factor in (0.85, 1.0, 1.2):
        spoken = Spoken(
            id="u",
            text="the weather in boston tomorrow",
            voice="en-us+m1",
            rate=130,
            pitch=50,
            voice_seed=1,
            vocal_tract=factor,
            before=0,
            after=0,
            copies=[copy(id="u", audio=f"{factor}.flac")],
        )
        block = Block(name="b", split="train", utterances=[spoken])
        block_module.run(job(block=block, output=str(tmp_path)))
        seconds.append(soundfile.info(tmp_path / f"{factor}.flac").duration)
    assert max(seconds) < 1.15 * min(seconds)


@pytest.mark.parametrize("kind", ["white", "pink", "brown", "hum", "babble", "recording"])
def test_noise_has_the_drawn_snr(kind: str, dry: distortion.Signal, tmp_path: Path) -> None:
    generator = np.random.default_rng(1)
    np.save(tmp_path / "babble.npy", generator.standard_normal(5 * RATE).astype(np.float32))
    soundfile.write(tmp_path / "n.wav", generator.uniform(-0.1, 0.1, 22050), 22050)
    sounds = Sounds(job(babble=str(tmp_path / "babble.npy"), recordings=[str(tmp_path / "n.wav")]))
    clean = distort(dry, copy(), sounds)
    noise = distort(dry, copy(noise={"kind": kind, "snr": 12.0}), sounds) - clean
    ratio = distortion.active_level(clean) / np.sqrt(np.mean(noise.astype(np.float64) ** 2))
    assert 20 * np.log10(ratio) == pytest.approx(12.0, abs=0.1)


def test_coloured_noise_falls_as_its_colour_says() -> None:
    for kind, slope in (("white", 0), ("pink", -3), ("brown", -6)):
        noise = distortion.coloured(kind, 8 * RATE, np.random.default_rng(2))
        power = np.abs(np.fft.rfft(noise)) ** 2
        octaves = [10 * np.log10(power[f * 8 : f * 16].mean()) for f in (250, 500, 1000, 2000)]
        assert np.diff(octaves) == pytest.approx([slope] * 3, abs=0.4)


def test_loud_samples_are_scaled_down_not_clipped() -> None:
    pcm = distortion.to_pcm(np.array([0.0, 2.0, -4.0], dtype=np.float32))
    assert pcm.tolist() == [0, 16056, -32112]


def test_rooms_echo_as_long_as_asked_and_are_of_one_side() -> None:
    interval = Range(low=0.3, high=0.3)
    settings = Reverberation(rooms=5, reverberation_time=interval)
    train, held_out = (rooms.rooms(settings, 1, side) for side in ("train", folders.HELD_OUT))
    assert (len(train), len(held_out)) == (5, 1)
    for room in (*train, *held_out):
        decay = np.cumsum((room**2)[::-1].astype(np.float64))[::-1]
        level = 10 * np.log10(decay / decay[0] + 1e-12)
        t20 = (np.argmax(level < -25) - np.argmax(level < -5)) / RATE * 3
        assert 0.15 < t20 < 0.45
    again = rooms.rooms(settings, 1, folders.HELD_OUT)
    assert np.array_equal(again[0], held_out[0]) and not np.array_equal(train[0], held_out[0])


def test_reverberation_keeps_the_onset_and_adds_a_tail() -> None:
    click = np.zeros(RATE, dtype=np.float32)
    click[100] = 1.0
    response = np.zeros(9000, dtype=np.float32)
    response[[50, 1050, 8000]] = [1.0, 0.5, 0.1]
    wet = distortion.reverberate(click, response)
    assert len(wet) == RATE + 3200
    assert np.flatnonzero(np.abs(wet) > 0.01).tolist() == [100, 1100, 8050]


def test_recordings_are_dealt_out_between_training_and_the_rest(tmp_path: Path) -> None:
    for index in range(10):
        soundfile.write(tmp_path / f"r{index}.flac", np.full(800, 0.1), RATE)
    train = folders.recordings(str(tmp_path), "train")
    held_out = folders.recordings(str(tmp_path), folders.HELD_OUT)
    assert [path.stem for path in held_out] == ["r4", "r9"]
    assert len(train) == 8 and not set(train) & set(held_out)
    found = rooms.rooms(Reverberation(directory=str(tmp_path)), 1, folders.HELD_OUT)
    assert [len(response) for response in found] == [800, 800]


def test_folders_of_recordings_that_are_no_use_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="missing is not a folder: correct `directory`"):
        folders.recordings(str(tmp_path / "missing"), "train")
    (tmp_path / "notes.txt").write_text("no audio")
    with pytest.raises(UserError, match="holds no audio"):
        folders.recordings(str(tmp_path), "train")
    (tmp_path / "bad.wav").write_bytes(b"RIFF nothing")
    with pytest.raises(UserError, match=r"bad\.wav cannot be read"):
        rooms.rooms(Reverberation(directory=str(tmp_path)), 1, "train")
    soundfile.write(tmp_path / "bad.wav", np.zeros(100), RATE)
    with pytest.raises(UserError, match=r"bad\.wav is silent"):
        rooms.rooms(Reverberation(directory=str(tmp_path)), 1, "train")


def test_done_blocks_are_left_alone_and_a_failed_one_says_why(tmp_path: Path) -> None:
    voice: Any = {"voice": "en-us+x", "rate": 130, "pitch": 50, "voice_seed": 1, "vocal_tract": 1}
    spoken = Spoken(id="u", text="stop", before=0, after=0, copies=[], **voice)
    block = Block(name="train-000000", split="train", utterances=[spoken])
    bad = job(block=block)
    with pytest.raises(UserError, match=r"speaking train-000000 failed: .*no variant 'x'"):
        processes.run_jobs([bad], tmp_path, 1)
    processes.done_path(bad, tmp_path).touch()
    started = time.monotonic()
    processes.run_jobs([bad], tmp_path, 1)
    assert time.monotonic() - started < 0.2
