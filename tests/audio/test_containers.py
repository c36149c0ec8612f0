"""Every sample of a recording is used, or the recording is refused by name."""

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from recordings import (
    FORMATS,
    RATE,
    SAMPLES,
    SECONDS,
    encoded,
    extensible,
    mp3,
    pages,
    with_data_size,
)

from schatten.audio.faults import Fault
from schatten.audio.reading import DecodedAudio, Header, decode, read, read_header
from schatten.errors import UserError


def written(folder: Path, data: bytes) -> Path:
    """Write a recording under a name that tells nothing of its kind."""
    path = folder / "recording"
    path.write_bytes(data)
    return path


def refused(folder: Path, data: bytes) -> str:
    """Return why a recording cannot be used; reading it must fail too where its header is read."""
    path = written(folder, data)
    found = decode(path)
    assert isinstance(found, Fault), found
    if isinstance(read_header(path), Fault):
        with pytest.raises(UserError, match="recording cannot be read"):
            read(path)
    return str(found)


def length(folder: Path, data: bytes) -> int:
    """Return the samples of a recording, which its header and its reader must agree on."""
    path = written(folder, data)
    header, decoded = read_header(path), decode(path)
    assert isinstance(header, Header) and isinstance(decoded, DecodedAudio), (header, decoded)
    samples, rate = read(path)
    assert decoded.frames == header.frames == len(samples)
    assert rate == header.rate == RATE
    return header.frames


@pytest.mark.parametrize(("kind", "subtype"), FORMATS)
def test_a_whole_recording_is_used_whole(kind: str, subtype: str, tmp_path: Path) -> None:
    whole = encoded(kind, subtype)
    frames = length(tmp_path, whole)
    block = 1024 if subtype in ("IMA_ADPCM", "MS_ADPCM", "GSM610") else 0
    assert len(SAMPLES) <= frames <= len(SAMPLES) + block
    assert length(tmp_path, whole + b"\0\0\0") == pytest.approx(frames, abs=3)


@pytest.mark.parametrize(("kind", "subtype"), FORMATS)
@pytest.mark.parametrize("share", [0.999, 0.6, 0.0005])
def test_a_recording_cut_short_is_refused(
    kind: str, subtype: str, share: float, tmp_path: Path
) -> None:
    whole = encoded(kind, subtype)
    cut = whole[: min(len(whole) - 64, max(20, int(len(whole) * share)))]
    assert "cut short" in refused(tmp_path, cut) or share == 0.0005


@pytest.mark.parametrize(("kind", "subtype"), FORMATS)
def test_a_second_recording_behind_the_first_is_not_lost(
    kind: str, subtype: str, tmp_path: Path
) -> None:
    whole = encoded(kind, subtype)
    assert refused(tmp_path, whole + whole)


@pytest.mark.parametrize("size", [0x7FFF0000, 0x7FFFF000, 0x80000000, 0xFFFFFFFF])
def test_a_wav_file_from_a_pipe_is_used_whole(size: int, tmp_path: Path) -> None:
    data = with_data_size(size)
    assert length(tmp_path, data) == len(SAMPLES)
    samples, _ = read(tmp_path / "recording", dtype="int16")
    assert np.array_equal(samples[:, 0], SAMPLES)


@pytest.mark.parametrize("size", [0, 2, 1000, 2 * len(SAMPLES) - 900])
def test_a_wav_file_that_holds_more_than_it_says_is_refused(size: int, tmp_path: Path) -> None:
    said = refused(tmp_path, with_data_size(size))
    assert f"says {size} bytes of sound" in said
    assert "sox --ignore-length recording new-recording && mv new-recording recording" in said


@pytest.mark.parametrize("more", [2, 1 << 20, 1 << 30])
def test_a_wav_file_that_holds_less_than_it_says_is_refused(more: int, tmp_path: Path) -> None:
    assert "cut short" in refused(tmp_path, with_data_size(2 * len(SAMPLES) + more))


def test_chunks_behind_the_samples_are_no_sound(tmp_path: Path) -> None:
    chunk = b"LIST" + struct.pack("<I", 5000) + b"INFO".ljust(5000)
    assert length(tmp_path, encoded() + chunk) == len(SAMPLES)
    assert "'data' twice" in refused(tmp_path, encoded() + b"data" + chunk[4:])


def test_extensible_wav_is_what_its_sub_format_says(tmp_path: Path) -> None:
    floats = (SAMPLES / 32768).astype("<f4")
    for sub_format, bits, data in ((1, 16, SAMPLES.tobytes()), (3, 32, floats.tobytes())):
        assert length(tmp_path, extensible(sub_format, bits, data)) == len(SAMPLES)
        samples, _ = read(tmp_path / "recording")
        assert np.array_equal(samples[:, 0], floats)
    assert "format 3 of 16 bits" in refused(tmp_path, extensible(3, 16, SAMPLES.tobytes()))
    other = extensible(1, 16, SAMPLES.tobytes(), guid="000000000000000000000000")
    assert "unknown sub-format" in refused(tmp_path, other)


def test_a_length_that_flac_does_not_say_is_refused(tmp_path: Path) -> None:
    unknown = bytearray(encoded("FLAC"))
    unknown[21] &= 0xF0
    unknown[22:42] = bytes(20)
    said = refused(tmp_path, bytes(unknown))
    assert "unknown length" in said and "ffmpeg -i recording new-recording" in said


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24"])
def test_flac_holds_the_samples_that_were_encoded(subtype: str, tmp_path: Path) -> None:
    lies = bytearray(encoded("FLAC", subtype))
    lies[22:26] = struct.pack(">I", len(SAMPLES) // 2)
    assert "MD5" in refused(tmp_path, bytes(lies))
    lies[26:42] = encoded("FLAC", subtype, SAMPLES[: len(SAMPLES) // 2])[26:42]
    assert length(tmp_path, bytes(lies)) == len(SAMPLES) // 2, "that much was encoded"


@pytest.mark.parametrize("subtype", ["OPUS", "VORBIS"])
def test_an_ogg_file_has_all_its_pages(subtype: str, tmp_path: Path) -> None:
    several = np.tile(SAMPLES, 8)
    whole = pages(encoded("OGG", subtype, several))
    assert len(whole) > 4
    assert length(tmp_path, b"".join(whole)) == len(several)
    assert "no page ends the stream" in refused(tmp_path, b"".join(whole[:-1]))
    assert "are missing" in refused(tmp_path, b"".join([*whole[:3], *whole[4:]]))
    other = pages(encoded("OGG", "OPUS"))
    assert "several streams" in refused(tmp_path, b"".join([*whole, *other]))
    changed = bytearray(whole[3])
    changed[len(changed) // 2] ^= 0x55
    assert "damaged at byte" in refused(tmp_path, b"".join([*whole[:3], changed, *whole[4:]]))
    garbage = b"".join([*whole[:3], b"\1" * 999, *whole[3:]])
    assert "damaged at byte" in refused(tmp_path, garbage)


def test_mp3_of_one_rate_needs_no_header(tmp_path: Path) -> None:
    for level in (0.0, 0.95):
        path = written(tmp_path, mp3(level))
        header = read_header(path)
        assert isinstance(header, Header)
        assert header.seconds == pytest.approx(2 * SECONDS, abs=0.15)
        assert decode(path) == DecodedAudio(header, len(read(path)[0]), silent=False)


@pytest.mark.parametrize("levels", [(0.0, 0.95), (0.95, 0.0), (0.3, 0.3, 0.6)])
def test_mp3_of_variable_bit_rate_needs_a_header(levels: tuple[float, ...], tmp_path: Path) -> None:
    said = refused(tmp_path, mp3(*levels))
    assert f"MP3 of {2 * SECONDS * len(levels):.0f}" in said
    assert "ffmpeg -i recording -c copy new-recording" in said


def test_mp3_of_several_sampling_rates_is_refused(tmp_path: Path) -> None:
    assert "several rates" in refused(tmp_path, mp3(0.3) + mp3(0.3, rate=22050))


def test_mp3_with_tags_is_used_whole(tmp_path: Path) -> None:
    id3 = b"ID3\4\0\0\0\0\0\x20" + bytes(32)
    frames = len(read(written(tmp_path, mp3(0.3)))[0])
    found = decode(written(tmp_path, id3 + mp3(0.3) + b"TAG".ljust(128, b"\xff")))
    assert isinstance(found, DecodedAudio)
    assert found.frames == frames


Change = Callable[[str], str]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text.replace("   1024", "    zzz"), "its size is"),
        (lambda text: text.replace("   1024", "      8"), "its size is"),
        (lambda text: text.replace("   1024", "9999999"), "its size is"),
        (lambda text: text.replace("end_head", "end_hexd"), "it has no end"),
        (lambda text: text.replace("sample_count -i 24000", "sample_count -i 2400x"), "2400x"),
        (lambda text: text.replace("sample_count -i 24000", "sample_count -i 24099"), "cut short"),
        (
            lambda text: text.replace("sample_count -i 24000", "sample_count -i 9000"),
            "holds 24000",
        ),
        (lambda text: text.replace("channel_count -i 1", "channel_count -i x"), "channel_count"),
        (lambda text: text.replace("-s3 pcm", "-s9 pcm,shorten"), "sph2pipe -f wav recording "),
    ],
)
def test_a_damaged_sphere_header_is_refused(change: Change, said: str, tmp_path: Path) -> None:
    header = changed(change)
    assert said in refused(tmp_path, header + SAMPLES.tobytes())


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text,
        lambda text: text.replace("sample_sig_bits", "\n\nlonely\nsample_sig_bits"),
    ],
)
def test_a_sphere_header_may_have_odd_lines(change: Change, tmp_path: Path) -> None:
    assert length(tmp_path, changed(change) + SAMPLES.tobytes()) == len(SAMPLES)


def changed(change: Change) -> bytes:
    """Return a changed SPHERE header of 1,024 bytes."""
    fields = (
        "channel_count -i 1",
        f"sample_count -i {len(SAMPLES)}",
        f"sample_rate -i {RATE}",
        "sample_n_bytes -i 2",
        "sample_byte_format -s2 01",
        "sample_sig_bits -i 16",
        "sample_coding -s3 pcm",
    )
    text = "\n".join(["NIST_1A", "   1024", *fields, "end_head", ""])
    return change(text).encode().ljust(1024)
