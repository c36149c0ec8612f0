"""Names of files in Unicode's other form: Macs write NFD where tables and recipes say NFC."""

from collections import defaultdict
from pathlib import Path, PurePosixPath

from schatten.letters import composed


class Names:
    """Finds the files of a folder by names in either form; each folder is listed once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._listings: dict[Path, dict[str, list[str]]] = {}

    def found(self, name: str) -> str:
        """Return a file's name, relative to the folder, as it is spelled there.

        A name that is there, or that no file or several files have in another form, stays as it is.
        """
        if name.isascii() or (self._folder / name).exists():
            return name
        spelled = PurePosixPath()
        for part in PurePosixPath(name).parts:
            here = self._folder / spelled
            if not (here / part).exists():
                same = self._listing(here).get(composed(part), [])
                if len(same) != 1:
                    return name
                (part,) = same  # noqa: PLW2901
            spelled /= part
        return str(spelled)

    def _listing(self, folder: Path) -> dict[str, list[str]]:
        """Return the names in a folder by their form NFC."""
        if folder not in self._listings:
            listing = defaultdict(list)
            for path in folder.iterdir() if folder.is_dir() else ():
                listing[composed(path.name)].append(path.name)
            self._listings[folder] = dict(listing)
        return self._listings[folder]


def found(folder: Path, name: str) -> Path:
    """Return the file of a name in a folder, or that of the same name in Unicode's other form."""
    return folder / Names(folder).found(name)
