"""Downloads the source package of a release, checks its hash, and runs nothing of it.

`pip download` would run it: it builds a source package to read its metadata, with build tools that
no hash pins. Where packages come from is up to pip's own settings, so this asks pip's finder.

    download_source.py NAME VERSION SHA256 FOLDER
"""

import hashlib
import sys
from pathlib import Path

from pip._internal.commands import create_command


def download(name: str, version: str, sha256: str, folder: Path) -> None:
    """Write NAME-VERSION.tar.gz to a folder; without it, or with another hash, end the program."""
    command = create_command("download")
    with command.main_context():
        options, _ = command.parse_args(["--no-input", "--no-binary", name, name])
        session = command.get_default_session(options)
        candidates = command._build_package_finder(options, session).find_all_candidates(name)
        links = [one.link for one in candidates if str(one.version) == version]
        sources = [link for link in links if link.filename.endswith(".tar.gz")]
        for source in sources:
            response = session.get(source.url_without_fragment)
            response.raise_for_status()
            if hashlib.sha256(response.content).hexdigest() == sha256:
                (folder / f"{name}-{version}.tar.gz").write_bytes(response.content)
                return
    sys.exit(f"{name} {version}: pip's package index has no source package with SHA-256 {sha256}")


if __name__ == "__main__":
    download(*sys.argv[1:4], Path(sys.argv[4]))
