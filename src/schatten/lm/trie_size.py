"""The size of a KenLM trie from the number of its n-grams, to the byte, without building it."""

COUNTS_AT = 88 + 20
"""Where a KenLM binary counts its n-grams by order, 64 bits each."""
_PROB_BITS, _BOW_BITS = 31, 32


def trie_bytes(counts: list[int], vocabulary_bytes: int, quantize_bits: int | None) -> int:
    """Return the size of `build_binary trie`'s file, in bytes.

    `counts` are the rows by order, with the blanks that the trie adds for the missing ends of
    n-grams; `vocabulary_bytes` is the length of all words, <unk> among them, with a byte after
    each. `quantize_bits` is as for `build_binary -q -b`.
    """
    words, order = counts[0], len(counts)
    prob = _PROB_BITS if quantize_bits is None else quantize_bits
    both = _PROB_BITS + _BOW_BITS if quantize_bits is None else 2 * quantize_bits
    tables = 0 if quantize_bits is None else 8 + 4 * (2 * order - 3) * 2**quantize_bits
    header = -(-(COUNTS_AT + 8 * order) // 8) * 8
    unigrams = 8 + 8 * words + 16 * (words + 2)
    middles = sum(
        _packed(counts[n], words, both + counts[n + 1].bit_length()) for n in range(1, order - 1)
    )
    longest = _packed(counts[-1], words, prob)
    return header + unigrams + tables + middles + longest + vocabulary_bytes


def _packed(entries: int, words: int, bits: int) -> int:
    """Return the bytes of a bit-packed array of words with `bits` more bits each."""
    return ((1 + entries) * (words.bit_length() + bits) + 7) // 8 + 8
