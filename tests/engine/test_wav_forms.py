"""Every sample of a WAV file is heard, or the file is refused by name with what mends it."""

import json
import shlex
import struct
import subprocess

import numpy as np
import pytest

PCM_GUID = bytes.fromhex("0000000010008000 00aa00389b71".replace(" ", ""))


def chunk(name, body, pad=True, size=None):
    """A chunk; `size` where it says another length than it has."""
    length = len(body) if size is None else size
    return name + struct.pack("<I", length) + body + b"\0" * (pad and len(body) % 2)


def form(kind=1, channels=1, rate=16000, bits=16, extra=b""):
    block = channels * bits // 8
    return struct.pack("<HHIIHH", kind, channels, rate, rate * block, block, bits) + extra


def extensible(kind=1, bits=16, valid=16, guid=PCM_GUID, **sizes):
    extra = struct.pack("<HHIH", 22, valid, 4, kind) + guid
    return form(0xFFFE, bits=bits, extra=extra, **sizes)


def riff(*chunks, magic=b"RIFF", size=None):
    body = b"WAVE" + b"".join(chunks)
    return magic + struct.pack("<I", len(body) if size is None else size) + body


def long_sizes(size):
    return chunk(b"ds64", struct.pack("<QQQI", 0, size, 0, 0))


FMT = chunk(b"fmt ", form())
LIST = chunk(b"LIST", b"INFOISFT\4\0\0\0sox\0")
UNKNOWN = 2**32 - 1
SOUND_OF = {
    "plain": lambda pcm: riff(FMT, chunk(b"data", pcm)),
    "extensible": lambda pcm: riff(chunk(b"fmt ", extensible()), chunk(b"data", pcm)),
    "valid bits left out": lambda pcm: riff(
        chunk(b"fmt ", extensible(valid=0)), chunk(b"data", pcm)
    ),
    "sizes never filled in": lambda pcm: riff(FMT, chunk(b"data", pcm, size=0), size=36),
    "all sizes zero": lambda pcm: riff(FMT, chunk(b"data", pcm, size=0), size=0),
    "size unknown": lambda pcm: riff(FMT, LIST, chunk(b"data", pcm, size=UNKNOWN), size=UNKNOWN),
    "RF64": lambda pcm: riff(
        long_sizes(len(pcm)), FMT, chunk(b"data", pcm, size=UNKNOWN), LIST, magic=b"RF64"
    ),
    "BW64 of unknown size": lambda pcm: riff(
        long_sizes(0), FMT, chunk(b"data", pcm, size=UNKNOWN), magic=b"BW64"
    ),
    "RF64 without sizes": lambda pcm: riff(FMT, chunk(b"data", pcm, size=UNKNOWN), magic=b"RF64"),
    "RF64 with a short size": lambda pcm: riff(
        long_sizes(0), FMT, chunk(b"data", pcm), magic=b"RF64"
    ),
    "odd chunk": lambda pcm: riff(FMT, chunk(b"LIST", b"odd"), chunk(b"data", pcm)),
    "odd chunk unpadded": lambda pcm: riff(
        FMT, chunk(b"LIST", b"odd", pad=False), chunk(b"data", pcm)
    ),
    "format after an odd chunk": lambda pcm: riff(
        chunk(b"LIST", b"odd", pad=False), FMT, chunk(b"data", pcm)
    ),
    "half a sample more": lambda pcm: riff(FMT, chunk(b"data", pcm + b"x"), LIST),
    "half a sample unpadded": lambda pcm: riff(FMT, chunk(b"data", pcm + b"x", pad=False), LIST),
    "chunks behind": lambda pcm: riff(FMT, chunk(b"data", pcm), LIST, chunk(b"id3 ", b"x" * 11)),
    "filled up with zeros": lambda pcm: riff(FMT, chunk(b"data", pcm)) + bytes(900),
    "a player's tag": lambda pcm: riff(FMT, chunk(b"data", pcm)) + b"TAG\0" + bytes(124),
}


@pytest.fixture
def program(build):
    return build("sanitize") / "engine/schatten-recognize"


def answers(program, *arguments, stdin=None):
    command = [program, "--json", *arguments]
    done = subprocess.run(command, check=False, input=stdin or b"", capture_output=True)
    return done.returncode, list(map(json.loads, done.stdout.splitlines())), done.stderr.decode()


def refused(program, *arguments, stdin=None):
    """Return the one sentence with which a recording is refused."""
    status, _, said = answers(program, *arguments, stdin=stdin)
    assert status == 1, said
    assert said.count("\n") == 1
    return said.removeprefix("schatten-recognize: ").rstrip()


def test_every_sample_is_heard_from_a_file_and_from_a_pipe(program, made, sound, tmp_path):
    model, pcm = made("lstm")[1], sound[:9000].tobytes()
    paths = []
    for name, make in SOUND_OF.items():
        paths.append(tmp_path / f"{name}.wav")
        paths[-1].write_bytes(make(pcm))
    status, said, problem = answers(program, model, *paths)
    assert (status, problem) == (0, "")
    *said, last = said
    assert said[0]["text"]
    assert {answer["file"]: answer["text"] for answer in said} == dict.fromkeys(
        map(str, paths), said[0]["text"]
    )
    assert last["audio_seconds"] == pytest.approx(len(paths) * 9000 / 16000, abs=1e-3)
    for path in paths:
        status, said, problem = answers(program, model, stdin=path.read_bytes())
        assert (status, problem) == (0, ""), path
        assert said[-1]["audio_seconds"] == pytest.approx(9000 / 16000, abs=1e-3), path


def test_an_empty_recording_is_empty(program, made, tmp_path):
    for name, whole in (
        ("plain", riff(FMT, chunk(b"data", b""))),
        ("listed", riff(FMT, chunk(b"data", b""), LIST)),
        ("unknown", riff(FMT, chunk(b"data", b"", size=UNKNOWN), size=UNKNOWN)),
    ):
        (tmp_path / name).write_bytes(whole)
        for said in (
            answers(program, made("lstm")[1], tmp_path / name),
            answers(program, made("lstm")[1], stdin=whole),
        ):
            assert (said[0], said[1][-1]["audio_seconds"]) == (0, 0)


PCM = np.arange(-300, 300, dtype="<i2").tobytes()
FULL = riff(FMT, chunk(b"data", PCM))
OTHERS = {
    "half floats": (extensible(kind=3), "16-bit floating point, which is not read", "ffmpeg"),
    "ADPCM": (form(kind=2, bits=4), "is ADPCM, which is not read", "sox"),
    "wide A-law": (form(kind=6, bits=16), "16-bit A-law, which is not read", "ffmpeg"),
    "40 bits": (form(bits=40), "40-bit PCM, which is not read", "ffmpeg"),
    "another subtype": (extensible(guid=bytes(14)), "samples of an unknown form", "ffmpeg"),
    "1 kHz": (form(rate=1000), "sampled at 1000 Hz, which is not between 4000 and 384000", "sox"),
    "no channels": (form(channels=0), "has no channels", ""),
    "wide samples": (form()[:12] + struct.pack("<HH", 4, 16), "in other than 2 bytes", "ffmpeg"),
    "MPEG": (form(kind=0x55, bits=0), "MPEG audio", "ffmpeg"),
}
DAMAGED = {
    "cut off": (FULL[:-2], "cut off", "--ignore-length"),
    "cut in a sample": (FULL[:-1], "cut off", "--ignore-length"),
    "stale size": (
        riff(FMT, chunk(b"data", PCM, size=100)),
        "more sound than",
        "--ignore-length",
    ),
    "two parts": (riff(FMT, chunk(b"data", PCM), chunk(b"data", PCM)), "more sound", "sox"),
    "RF64 cut off": (
        riff(long_sizes(2**33), FMT, chunk(b"data", PCM, size=UNKNOWN), magic=b"RF64"),
        "cut off",
        "--ignore-length",
    ),
    "short extension": (riff(chunk(b"fmt ", form(0xFFFE)), chunk(b"data", PCM)), "short", ""),
    "a list of parts": (riff(FMT, chunk(b"LIST", b"wavl" + PCM)), "list of parts", "ffmpeg"),
    "no sound": (riff(FMT, LIST), "before its sound", "copy it again"),
}


def test_other_sound_and_other_lengths_are_refused(program, made, tmp_path):
    model, path = made("lstm")[1], tmp_path / "a b.wav"
    cases = {
        name: (riff(chunk(b"fmt ", body), chunk(b"data", PCM)), said, tool)
        for name, (body, said, tool) in OTHERS.items()
    }
    for name, (whole, said, tool) in (cases | DAMAGED).items():
        path.write_bytes(whole)
        message = refused(program, model, path)
        assert message.startswith(f"{path} "), name
        assert said in message, name
        assert tool in message, name
        message = refused(program, model, stdin=whole)
        assert message.startswith("standard input "), name
        assert tool in message, name
        assert str(tmp_path) not in message, name


FORMS = {
    "Ogg": (b"OggS\0\2" + bytes(40), "ffmpeg"),
    "AAC": (b"\xff\xf1\x50\x80\x01\x1f\xfc\0" * 5, "ffmpeg"),
    "MP4": (b"\0\0\0\x20ftypM4A " + bytes(20), "ffmpeg"),
    "WebM": (b"\x1a\x45\xdf\xa3" + bytes(30), "ffmpeg"),
    "AIFF": (b"FORM\0\0\1\0AIFFCOMM", "sox"),
    "RIFX": (b"RIFX\0\0\1\0WAVEfmt ", "sox"),
    "SPHERE": (b"NIST_1A\n   1024\n", "sox"),
    "AU": (b".snd\0\0\0\x18", "sox"),
    "AVI": (b"RIFF\0\1\0\0AVI LIST", "ffmpeg"),
    "Git LFS": (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "git lfs pull"),
    "HTML": (b"<!DOCTYPE html>\n<html><body>404</body></html>\n", "again"),
    "text": ("grün.wav\nsecond.wav\n".encode(), "--list"),
    "gzip": (b"\x1f\x8b\x08\0" + bytes(20), "unpack"),
    "GGUF": (b"GGUF\3\0\0\0" + bytes(20), "model first"),
}


def test_what_is_not_read_is_named_with_a_command(program, made, tmp_path):
    model = made("lstm")[1]
    path = tmp_path / "it's $HOME.wav"
    for name, (whole, tool) in FORMS.items():
        path.write_bytes(whole)
        for message in (refused(program, model, path), refused(program, model, stdin=whole)):
            assert name.strip() in message
            assert tool.replace("sox", "") in message
        if tool in ("ffmpeg", "sox"):
            command = refused(program, model, path).split("convert it: ")[1]
            words = shlex.split(command)
            assert words[0] == tool
            assert str(path) in words
            assert words[-1] == f"{tmp_path}/it's $HOME.16k.wav"
    path.write_bytes(b"")
    assert "is empty" in refused(program, model, path)
    path.write_bytes(b"\1\2\3\4" * 20)
    assert "is no WAV, FLAC or MP3 file; convert it: ffmpeg -i" in refused(program, model, path)


def test_names_in_commands_are_names_alone(program, made, tmp_path):
    """Neither an option nor a protocol nor a command of sox's."""
    for name in ("-n.wav", "|touch x.wav", "http:x.wav", "@list.wav"):
        (tmp_path / name).write_bytes(b"OggS")
        done = subprocess.run(
            [program, "--list", made("lstm")[1]],
            check=False,
            cwd=tmp_path,
            input=name.encode(),
            capture_output=True,
        )
        assert f"./{name}" in shlex.split(done.stderr.decode().split("convert it: ")[1])


def test_raw_sound_that_begins_like_something_is_heard(program, made):
    """Two bytes of a frame of MP3, or quiet samples, are no other form."""
    for start in (b"\xff\xfb\x90\x00", b"RI\0\0", b"\1\0\0\0", b"\x20\x20\x20\x20"):
        status, said, _ = answers(program, made("lstm")[1], stdin=start + bytes(3996))
        assert (status, said[-1]["audio_seconds"]) == (0, 0.125)
