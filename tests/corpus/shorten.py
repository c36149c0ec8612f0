"""A minimal encoder of the discs' audio: SPHERE, plain or with shorten compression (version 2).

It has only the features that a test needs: one channel of 16-bit samples, first-order differences,
fixed blocks.
Shorten (Robinson, 1994) writes numbers as Rice codes, most significant bit first.
"""

import numpy as np

_BLOCK = 256
_DIFF1, _QUIT, _BLOCKSIZE = 1, 4, 5
_LITTLE_ENDIAN_16 = 5


class _Bits:
    def __init__(self) -> None:
        self.text: list[str] = []

    def unsigned(self, value: int, bits: int) -> None:
        """A Rice code: the high part in unary, then `bits` low bits."""
        low = format(value & ((1 << bits) - 1), f"0{bits}b") if bits else ""
        self.text.append("0" * (value >> bits) + "1" + low)

    def signed(self, value: int, bits: int) -> None:
        folded = ((~value) << 1) | 1 if value < 0 else value << 1
        self.unsigned(folded, bits + 1)

    def long(self, value: int) -> None:
        """A number that says its own width."""
        bits = value.bit_length()
        self.unsigned(bits, 2)
        self.unsigned(value, bits)

    def bytes(self) -> bytes:
        text = "".join(self.text)
        text += "0" * (-len(text) % 32)
        return int(text, 2).to_bytes(len(text) // 8, "big")


def shorten(samples: np.ndarray) -> bytes:
    """Compress 16-bit samples."""
    out = _Bits()
    for value in (_LITTLE_ENDIAN_16, 1, _BLOCK, 0, 0, 0):
        out.long(value)
    last = 0
    for start in range(0, len(samples), _BLOCK):
        block = [int(value) for value in samples[start : start + _BLOCK]]
        if len(block) < _BLOCK:
            out.unsigned(_BLOCKSIZE, 2)
            out.long(len(block))
        differences = [now - before for now, before in zip(block, [last, *block], strict=False)]
        bits = max(1, int(np.mean(np.abs(differences)))).bit_length()
        out.unsigned(_DIFF1, 2)
        out.unsigned(bits, 3)
        for difference in differences:
            out.signed(difference, bits)
        last = block[-1]
    out.unsigned(_QUIT, 2)
    return b"ajkg\x02" + out.bytes()


def sphere(samples: np.ndarray, compressed: bool, rate: int = 16000) -> bytes:
    """Return a SPHERE file of 16-bit samples, one channel."""
    coding = "pcm,embedded-shorten-v2.00" if compressed else "pcm"
    fields = {
        "channel_count": "-i 1",
        "sample_count": f"-i {len(samples)}",
        "sample_rate": f"-i {rate}",
        "sample_n_bytes": "-i 2",
        "sample_byte_format": "-s2 01",
        "sample_sig_bits": "-i 16",
        "sample_coding": f"-s{len(coding)} {coding}",
    }
    lines = ["NIST_1A", "   1024", *(f"{name} {value}" for name, value in fields.items())]
    header = "\n".join([*lines, "end_head", ""]).encode().ljust(1024)
    return header + (shorten(samples) if compressed else samples.astype("<i2").tobytes())
