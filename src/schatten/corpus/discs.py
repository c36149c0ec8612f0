"""Finding files on the LDC's Wall Street Journal discs, however they were copied.

Two layouts are in use: the discs as they came, `11-13.1/wsj0/...` and `13-34.1/wsj1/...` (perhaps
in a folder each release, `csr_1/11-13.1/wsj0/...`), and the merged trees `wsj0/...` and
`wsj1/...`. Some discs were copied with upper-case names, so case does not matter here.
"""

import os
from collections.abc import Iterator
from pathlib import Path

INDICES = {
    "train": ("wsj0/doc/indices/train/tr_s_wv1.ndx", "wsj1/doc/indices/si_tr_s.ndx"),
    "dev": ("wsj1/doc/indices/h1_p0.ndx",),
    "test": ("wsj0/doc/indices/test/nvp/si_et_20.ndx",),
}
"""Lists of si284 (wsj0's 84 and wsj1's 200 speakers), dev93 and eval92 (20,000 words)."""

_DEPTH = 3
_TREES = ("wsj0", "wsj1")


class Discs:
    """The trees `wsj0` and `wsj1` of all discs below a folder, as one."""

    def __init__(self, folder: Path) -> None:
        self._listings: dict[Path, dict[str, Path]] = {}
        self.trees = sorted(self._search(folder, _DEPTH))

    def find(self, path: str) -> Path | None:
        """Return the file at `wsj0/...` or `wsj1/...` on whichever disc holds it, or None."""
        first, *rest = path.strip("/").lower().split("/")
        for tree in self.trees:
            if tree.name.lower() == first:
                place: Path | None = tree
                for part in rest:
                    place = self._listing(place).get(part) if place else None
                if place is not None and place.is_file():
                    return place
        return None

    def files(self, suffix: str) -> Iterator[Path]:
        """Yield the files with a suffix on all discs, e.g. `.dot`, in a fixed order."""
        for tree in self.trees:
            for folder, folders, names in os.walk(tree, followlinks=True):
                folders.sort()
                found = (name for name in sorted(names) if name.lower().endswith(suffix))
                yield from (Path(folder) / name for name in found)

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
