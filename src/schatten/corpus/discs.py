"""Finds files on the LDC's Wall Street Journal discs, in any layout of their copies.

Two layouts are in use: the discs as they came, `11-13.1/wsj0/...` and `13-34.1/wsj1/...` (perhaps
in one folder for each release, `csr_1/11-13.1/wsj0/...`), and the merged trees `wsj0/...` and
`wsj1/...`. Some discs were copied with upper-case names, so case does not matter here.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from schatten.errors import UserError

INDICES = {
    "si284": ("wsj0/doc/indices/train/tr_s_wv1.ndx", "wsj1/doc/indices/si_tr_s.ndx"),
    "si84": ("wsj0/doc/indices/train/tr_s_wv1.ndx",),
    "dev93": ("wsj1/doc/indices/h1_p0.ndx",),
    "dev93_5k": ("wsj1/doc/indices/h2_p0.ndx",),
    "eval92": ("wsj0/doc/indices/test/nvp/si_et_20.ndx",),
    "eval92_5k": ("wsj0/doc/indices/test/nvp/si_et_05.ndx",),
    "eval93": ("wsj1/doc/indices/wsj1/eval/h1_p0.ndx",),
}
"""The discs' own lists of the usual sets, by their usual names."""

TRANSCRIPT = ".dot"
"""Ending of the names of transcripts."""
LM_TEXT = (".z", ".gz")
"""Endings of the names of language model text."""
_LM_FOLDER = "/lng_modl/lm_train/"
_DEPTH = 3
_TREES = ("wsj0", "wsj1")


class Discs:
    """The trees `wsj0` and `wsj1` of all discs below a folder, as one."""

    def __init__(self, folder: Path) -> None:
        self._listings: dict[Path, dict[str, Path]] = {}
        self.trees = sorted(self._search(folder, _DEPTH))

    def find(self, path: str) -> Path | None:
        """Return the file at `wsj0/...` or `wsj1/...` from the disc that holds it, or None."""
        first, *rest = path.strip("/").lower().split("/")
        for tree in self.trees:
            if tree.name.lower() == first:
                place: Path | None = tree
                for part in rest:
                    place = self._listing(place).get(part) if place else None
                if place is not None and place.is_file():
                    return place
        return None

    def files(self, suffixes: tuple[str, ...]) -> Iterator[Path]:
        """Yield the files with one of the suffixes, e.g. `.dot`, on all discs in a fixed order."""
        for tree in self.trees:
            for folder, folders, names in os.walk(tree, followlinks=True):
                folders.sort()
                found = (name for name in sorted(names) if name.lower().endswith(suffixes))
                yield from (Path(folder) / name for name in found)

    def texts(self, *, with_lm_text: bool) -> list[Path]:
        """Return the files of transcripts and, where wanted, of language model text."""
        found = self.files((TRANSCRIPT, *LM_TEXT) if with_lm_text else (TRANSCRIPT,))
        return [path for path in found if is_transcript(path) or lm_text_name(path)]

    def _search(self, folder: Path, depth: int) -> Iterator[Path]:
        for name, path in self._listing(folder).items():
            if path.is_dir():
                if name in _TREES:
                    yield path
                elif depth > 1:
                    yield from self._search(path, depth - 1)

    def _listing(self, folder: Path) -> dict[str, Path]:
        if folder not in self._listings:
            entries = folder.iterdir() if folder.is_dir() else ()
            self._listings[folder] = {entry.name.lower(): entry for entry in entries}
        return self._listings[folder]


def is_transcript(path: Path) -> bool:
    """Tell whether a file holds transcripts."""
    return path.suffix.lower() == TRANSCRIPT


def lm_text_name(path: Path) -> str | None:
    """Return the name of language model text (`np_data/87/w7_001.z`); None for other files.

    It is the text without verbalised punctuation.
    """
    name = path.as_posix().lower().rpartition(_LM_FOLDER)[2]
    return name if name.startswith("np_data/") and name.endswith(LM_TEXT) else None


def indices(split: str) -> tuple[str, ...]:
    """Return the lists of a set, to be found by `Discs.find`.

    Errors: `UserError` for a set that the discs do not have.
    """
    if split not in INDICES:
        raise UserError(
            f"the Wall Street Journal discs have no set {split!r}: name the recipe's splits as "
            f"{', '.join(INDICES)}"
        )
    return INDICES[split]
