"""The command `schatten`, and `python -m schatten`: its verbs need the extra `workflow`."""

import re
import sys
from importlib import metadata

_REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+).*;.*\bextra\s*==\s*['\"]workflow['\"]")


def main() -> None:
    """Run the command line; without the packages of `schatten[workflow]`, say how to get them."""
    try:
        from schatten import cli

        cli.main()
    except ModuleNotFoundError as error:
        if not _not_installed():
            raise
        sys.exit(
            f"schatten: {error.name} is missing, which the command line needs: "
            "pip install 'schatten[workflow]'"
        )


def _not_installed() -> list[str]:
    """Return the packages of the extra `workflow` that are not installed."""
    try:
        asked = metadata.requires("schatten") or []
    except metadata.PackageNotFoundError:  # run from the sources
        return []
    names = [found[1] for line in asked if (found := _REQUIREMENT.match(line))]
    return [name for name in names if not _is_installed(name)]


def _is_installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


if __name__ == "__main__":
    main()
