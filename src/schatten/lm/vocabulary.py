"""The words that a language model knows, and whether they are those of a lexicon."""

import mmap
import struct
import sys
from collections.abc import Collection
from pathlib import Path

from schatten.errors import UserError
from schatten.lm import arpa
from schatten.lm.text import NOT_WORDS
from schatten.lm.trie_size import COUNTS_AT

MAGIC = b"mmap lm http://kheafield.com"
FEW = 0.5
"""A lexicon of whose words less than this share is known is warned of: a word that a model does
not know costs what its unknown word costs, so it is hardly ever found."""
_HAS_WORDS = COUNTS_AT - 8  # of the header's 20 bytes before the counts
_UNKNOWN = b"<unk>\0"


def known_words(lm: Path) -> frozenset[str] | None:
    """Return the words of a KenLM binary or an ARPA file; None for a binary stored without them.

    Errors: `UserError` for a malformed ARPA file.
    """
    with lm.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            return frozenset(arpa.words(lm)) - NOT_WORDS
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _words_of_binary(data)


def _words_of_binary(data: mmap.mmap) -> frozenset[str] | None:
    """Return the words at a binary's end: each has a zero behind it, and `<unk>` comes first."""
    if len(data) < COUNTS_AT + 8 or not data[_HAS_WORDS]:
        return None
    (count,) = struct.unpack_from("<Q", data, COUNTS_AT)
    at = len(data)
    while (at := data.rfind(_UNKNOWN, 0, at)) >= 0:
        words = data[at:].split(b"\0")[:-1]
        if len(words) in (count, count + 1):  # the count of an ARPA file may leave `<unk>` out
            return frozenset(word.decode(errors="replace") for word in words) - NOT_WORDS
    return None


def require_common(lm: Path, words: Collection[str], source: Path | str) -> None:
    """Refuse a model that knows no word of `source`; warn of one that knows few of them.

    Errors: `UserError` for a model without a common word, which would decide nothing.
    """
    known = known_words(lm)
    if known is None or not words:
        return
    shared = sum(word in known for word in words)
    if shared >= FEW * len(words):
        return
    missing = next(word for word in words if word not in known)
    if not shared:
        cased = [one for one in (missing.upper(), missing.lower()) if one in known]
        hint = f" (it has {cased[0]!r}: write both in one case)" if cased else ""
        raise UserError(
            f"{lm} and {source} do not belong together: the language model has no word of the "
            f"lexicon, such as {missing!r}{hint}; make both of one text"
        )
    print(
        f"schatten: {lm} knows {shared} of the {len(words)} words of {source}; the others, such as "
        f"{missing!r}, are hardly ever found: make both of one text",
        file=sys.stderr,
    )
