"""Tells from a file's first bytes which container it is, or what else it is that holds no sound."""

import codecs
import re
from pathlib import Path

from schatten.audio.faults import COPY, Fault, as_flac, beside, quoted

HEAD = 4096
"""Bytes that are looked at."""
W64 = b"riff\x2e\x91\xcf\x11"
_FETCH = "fetch the recording anew"

_OTHER = (
    (re.compile(rb"....ftyp", re.DOTALL), "an MP4 or M4A file, which is not read"),
    (re.compile(rb"\x1a\x45\xdf\xa3"), "a WebM or Matroska file, which is not read"),
    (re.compile(rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11"), "a WMA file, which is not read"),
    (re.compile(rb"#!AMR"), "an AMR file, which is not read"),
    (re.compile(rb"\xff[\xf0\xf1\xf8\xf9]"), "an AAC file, which is not read"),
    (re.compile(rb"wvpk"), "a WavPack file, which is not read"),
    (re.compile(rb"MAC "), "a Monkey's Audio file, which is not read"),
    (re.compile(rb"TTA[12]"), "a True Audio file, which is not read"),
    (re.compile(rb"#!SILK|\x02#!SILK"), "a SILK file, which is not read"),
    (re.compile(rb"RIFF....AVI ", re.DOTALL), "an AVI file, which is not read"),
    (re.compile(rb"FLV\x01"), "an FLV file, which is not read"),
    (re.compile(rb"Creative Voice File"), "a VOC file, which is not read"),
)
"""What ffmpeg reads and this package does not."""
_PACKED = (
    (b"\x1f\x8b", "gzip", "gunzip -k -S .gz"),
    (b"BZh", "bzip2", "bunzip2 -k"),
    (b"\xfd7zXZ\x00", "xz", "unxz -k"),
    (b"\x28\xb5\x2f\xfd", "Zstandard", "unzstd"),
    (b"PK\x03\x04", "ZIP", "unzip"),
)


def container(head: bytes) -> str | None:
    """Return the container that begins with these bytes; None for one that is not read."""
    if head[:4] in (b"RIFF", b"RIFX", b"RF64", b"BW64") and head[8:12] == b"WAVE":
        return "wav"
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return "aiff"
    for magic, name in (
        (W64, "w64"),
        (b"fLaC", "flac"),
        (b"OggS", "ogg"),
        (b"NIST_1A\n", "sphere"),
        (b".snd", "au"),
        (b"caff", "caf"),
    ):
        if head.startswith(magic):
            return name
    is_utf16 = head.startswith(codecs.BOM_UTF16_LE) and head[3:4] == b"\0"
    is_mpeg = head[:1] == b"\xff" and head[1:2] >= b"\xe0" and head[1] & 6 and not is_utf16
    return "mpeg" if is_mpeg else None


def not_sound(head: bytes, path: Path) -> Fault:
    """Say what a file is that is no container of sound that is read, and what to do."""
    if not head:
        return Fault("empty, 0 bytes")
    for pattern, what in _OTHER:
        if pattern.match(head):
            return Fault(what, as_flac(path))
    for magic, what, program in _PACKED:
        if head.startswith(magic):
            command = beside(path, f"{program} {quoted(Path(path.name))}")
            fix = f"unpack it (`{command}`) and name the recording in it"
            return Fault(f"a {what} archive, not sound", fix)
    return _of_text(text, path) if (text := _text(head)) else _without_header(head, path)


def _of_text(text: str, path: Path) -> Fault:
    """Say what a text file is."""
    folder = quoted(path.parent)
    if text.startswith("version https://git-lfs.github.com/spec/"):
        return Fault("a Git LFS pointer, not sound", f"run `git -C {folder} lfs pull`")
    if re.match(r"/annex/objects/|(?:\.\./)*\.git/annex/objects/", text):
        command = f"git -C {folder} annex get {quoted(Path(path.name))}"
        return Fault("a git-annex pointer, not sound", f"run `{command}`")
    if re.match(r"\s*<(?:!doctype|html|\?xml|head|body|error)", text, re.IGNORECASE):
        return Fault("an HTML or XML page, not sound: a download failed", _FETCH)
    return Fault(f"text, not sound: {' '.join(text.split())[:30]!r}...", _FETCH)


def _without_header(head: bytes, path: Path) -> Fault:
    """Say what may be done with a file of unknown bytes."""
    if not any(head):
        return Fault("nothing but zero bytes at its start, where a header should be", _FETCH)
    names = f"{quoted(Path(path.name))} {quoted(Path(f'{path.stem}.flac'))}"
    raw = beside(path, f"sox -t raw -r 16000 -e signed -b 16 -c 1 {names}")
    fix = f"{COPY}; if it is raw samples, e.g. of 16 kHz and 16 bits, run `{raw}`"
    return Fault("of no known format: no header at its start", fix)


def _text(head: bytes) -> str:
    """Return the start of a text file; nothing for other files."""
    for mark, encoding in ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")):
        if head.startswith(mark):
            return head.decode(encoding, "ignore")
    try:
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(head)
    except UnicodeDecodeError:
        return ""
    is_text = all(letter.isprintable() or letter in "\t\r\n\f" for letter in text)
    return text if is_text else ""
