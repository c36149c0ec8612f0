"""Recordings of every container, and damage to them."""

import io
import struct

import numpy as np
import soundfile

RATE = 16000
SECONDS = 1.5
SAMPLES = (
    (3000 * np.random.default_rng(7).standard_normal(int(RATE * SECONDS)))
    .clip(-32768, 32767)
    .astype(np.int16)
)
"""Noise, so that no codec makes it small."""
FORMATS = (
    *(("WAV", one) for one in ("PCM_16", "PCM_U8", "PCM_24", "PCM_32", "FLOAT", "DOUBLE")),
    *(("WAV", one) for one in ("ULAW", "ALAW", "IMA_ADPCM", "MS_ADPCM", "GSM610")),
    *(("WAVEX", "PCM_16"), ("WAVEX", "FLOAT"), ("RF64", "PCM_16"), ("W64", "PCM_16")),
    *(("AIFF", "PCM_16"), ("AIFF", "FLOAT"), ("AIFF", "ULAW"), ("AU", "PCM_16"), ("AU", "ULAW")),
    *(("CAF", "PCM_16"), ("CAF", "ALAC_16"), ("NIST", "PCM_16"), ("NIST", "ULAW")),
    *(("FLAC", "PCM_16"), ("FLAC", "PCM_24"), ("OGG", "VORBIS"), ("OGG", "OPUS")),
    ("MP3", "MPEG_LAYER_III"),
)
"""What libsndfile writes and this package reads."""


def encoded(kind: str = "WAV", subtype: str = "PCM_16", samples: np.ndarray = SAMPLES) -> bytes:
    """Return a recording's bytes."""
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, RATE, format=kind, subtype=subtype)
    return buffer.getvalue()


def with_data_size(size: int) -> bytes:
    """Return a WAV file whose header says another size of its samples."""
    whole = bytearray(encoded())
    place = whole.index(b"data") + 4
    whole[place : place + 4] = struct.pack("<I", size)
    return bytes(whole)


def extensible(subformat: int, bits: int, samples: bytes, guid: str = "") -> bytes:
    """Return a WAV file of WAVE_FORMAT_EXTENSIBLE."""
    align = bits // 8
    end = bytes.fromhex(guid or "00001000800000aa00389b71")
    form = struct.pack("<HHIIHHHHI", 0xFFFE, 1, RATE, RATE * align, align, bits, 22, bits, 4)
    form += struct.pack("<HH", subformat, 0) + end
    chunks = b"fmt " + struct.pack("<I", len(form)) + form
    chunks += b"data" + struct.pack("<I", len(samples)) + samples
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def mp3(*levels: float, rate: int = RATE) -> bytes:
    """Return MP3 frames of constant bit rates, one after the other, without a Xing header.

    A level of compression is 0.0 for 160 kbit/s, 0.95 for 16 kbit/s (at 16 kHz).
    """
    frames = b""
    for level in levels:
        one = io.BytesIO()
        noise = np.tile(SAMPLES, 2)
        soundfile.write(
            one, noise, rate, format="MP3", bitrate_mode="CONSTANT", compression_level=level
        )
        frames += _without_header(one.getvalue())
    return frames


def _without_header(data: bytes) -> bytes:
    """Cut the frame off that holds the Xing or Info header."""
    from schatten.audio import mpeg

    start = mpeg.after_id3(data)
    first = mpeg.frame(data[start : start + 4])
    assert first is not None
    head = data[start : start + first.size]
    return data[start + (first.size if b"Xing" in head or b"Info" in head else 0) :]


def pages(ogg: bytes) -> list[bytes]:
    """Return the pages of an Ogg file."""
    starts = [place for place in range(len(ogg)) if ogg.startswith(b"OggS\0", place)]
    return [ogg[first:last] for first, last in zip(starts, [*starts[1:], len(ogg)], strict=True)]
