"""A file that holds no sound that is read: the message says what it is, and what to run."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from recordings import encoded, with_data_size

from schatten.audio.faults import MISSING, Fault
from schatten.audio.reading import decode, read, read_header
from schatten.errors import UserError

LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
M4A = b"\0\0\0\x20ftypM4A \0\0\0\0"
HOSTILE = "-x; touch pwned; $(touch pwned) `touch pwned` 'a' \"b\" {c}:%d"


def said_of(path: Path) -> str:
    found = read_header(path)
    assert isinstance(found, Fault) and decode(path) == found
    return str(found)


@pytest.mark.parametrize(
    ("data", "what", "fix"),
    [
        (LFS, "a Git LFS pointer, not sound", "git -C . lfs pull"),
        (b"/annex/objects/SHA256E-s3--a.wav\n", "a git-annex pointer", "annex get x.wav"),
        (b"<!DOCTYPE html>\n<html><title>404", "an HTML or XML page", "fetch"),
        (b"\xef\xbb\xbf<?xml version='1.0'?><Error>", "an HTML or XML page", "fetch"),
        ("Zugriff verweigert: für".encode(), "text, not sound: 'Zugriff verweigert: für'", "fetch"),
        ("<html>".encode("utf-16"), "an HTML or XML page", "fetch"),
        (b"", "empty, 0 bytes", "copy it anew"),
        (bytes(9000), "nothing but zero bytes", "fetch"),
        (M4A, "an MP4 or M4A file", "ffmpeg -i x.wav x.flac"),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x86", "a WebM or Matroska", "ffmpeg -i x.wav x.flac"),
        (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6", "a WMA file", "ffmpeg -i x.wav x.flac"),
        (b"#!AMR\n\x3c\x91", "an AMR file", "ffmpeg -i x.wav x.flac"),
        (b"\xff\xf1\x50\x80\x02\x1f\xfc", "an AAC file", "ffmpeg -i x.wav x.flac"),
        (b"\x1f\x8b\x08\0\0", "a gzip archive", "gunzip -k -S .gz x.wav"),
        (b"PK\3\4\x14\0", "a ZIP archive", "unzip x.wav"),
        (b"\x91\0\x13\x80\xfe\xff" * 99, "of no known format", "sox -t raw -r 16000"),
        (b"RIFF\x10\0\0\0WAVE", "no 'fmt' chunk", "copy it anew"),
        (b"OggS\0\2" + bytes(8) + b"abcd" + bytes(8) + b"\1\x50" + b"Speex   " * 10, "", "ffmpeg"),
    ],
    ids=range(18),
)
def test_what_is_no_recording_is_said(
    data: bytes, what: str, fix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("x.wav").write_bytes(data)
    said = said_of(Path("x.wav"))
    assert what in said and fix in said
    with pytest.raises(UserError, match=r"^x\.wav cannot be read \("):
        read(Path("x.wav"))


@pytest.mark.parametrize("ending", ["raw", "vox", "gsm", "sd2", "mat", "opus", "m4a"])
def test_the_ending_of_a_name_tells_nothing(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"x.{ending}"
    path.write_bytes(encoded())
    assert len(read(path)[0]) > 0
    path.write_bytes(b"\x91\0\x13\x80\xfe\xff" * 99)
    assert "no known format" in said_of(path)


def test_what_is_no_file_is_said(tmp_path: Path) -> None:
    assert read_header(tmp_path / "x.wav") is MISSING
    with pytest.raises(UserError, match=r"x\.wav does not exist: "):
        read(tmp_path / "x.wav")
    assert "a folder" in said_of(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    assert "a pipe or a device" in said_of(tmp_path / "pipe")
    (tmp_path / "link.wav").symlink_to(".git/annex/objects/x.wav")
    assert "git annex get" in said_of(tmp_path / "link.wav")
    assert "File name too long" in said_of(tmp_path / ("x" * 300))


@pytest.mark.parametrize("folder", [".", "-f of; touch pwned", "$(touch pwned)"])
@pytest.mark.parametrize("program", ["ffmpeg", "sox"])
def test_advice_can_be_pasted(
    folder: str, program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that notes its arguments stands for ffmpeg or sox, and writes its last."""
    monkeypatch.chdir(tmp_path)
    stand_in = tmp_path / "bin" / program
    stand_in.parent.mkdir()
    stand_in.write_text('#!/bin/sh\nfor last; do :; done\nprintf made > "$last"\n')
    stand_in.chmod(0o755)
    path = Path(folder) / f"{HOSTILE}.wav"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(M4A if program == "ffmpeg" else with_data_size(0))
    advice = re.search("run `(.*)`", said_of(path), re.DOTALL)
    assert advice
    environment = {**os.environ, "PATH": f"{stand_in.parent}:{os.environ['PATH']}"}
    subprocess.run(["bash", "-c", advice[1]], env=environment, check=True)
    made = path if program == "sox" else path.with_suffix(".flac")
    assert made.read_text() == "made"
    assert not list(tmp_path.rglob("pwned"))
