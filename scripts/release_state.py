"""What a release rests on: tests that passed, one version in all files, the changelog's section."""

import datetime
import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from release_tries import Refused  # beside this file

NIGHTLY = "test-nightly"
PASSED = Path(".tools/passed")
TESTS = ("test", "test-default", "test-slurm", NIGHTLY)
"""Tests of the Makefile that note their result; a release names the last result of each."""
VERSIONED = {
    "pyproject.toml": r'^version = "(.*)"',
    "arm/python/pyproject.toml": r'^version = "(.*)"',
    "src/schatten/__init__.py": r'^__version__ = "(.*)"',
    "arm/engine/schatten.h": r'^#define SCHATTEN_VERSION "(.*)"',
}
"""Files that say the version, and how each does."""
UNRELEASED = "## Unreleased\n"


def git(root: Path, *arguments: str) -> str:
    """Return what git says; nothing where it fails."""
    command = ["git", "-C", str(root), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def commit_of(root: Path) -> str | None:
    """Return the commit of a tree without changes; None for another."""
    return git(root, "rev-parse", "HEAD") if not git(root, "status", "--porcelain") else None


def begin(root: Path, name: str) -> None:
    """Note the commit on which tests begin; notes of earlier ones go."""
    folder = root / PASSED
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).unlink(missing_ok=True)
    (folder / f"{name}.begun").write_text(commit_of(root) or "")


def end(root: Path, name: str) -> str:
    """Note that the tests have passed, if the tree had and has no changes; return what to say."""
    begun = root / PASSED / f"{name}.begun"
    before = begun.read_text() if begun.is_file() else ""
    begun.unlink(missing_ok=True)
    now = commit_of(root)
    if not now or now != before:
        return f"{name}: passed, but the tree has changes, so it counts for no commit"
    (root / PASSED / name).write_text(f"{now} {today()}\n")
    return f"{name}: passed at {now[:7]}, noted in {PASSED / name}"


def today() -> str:
    """Return the day, in UTC."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d")


def note(root: Path, name: str, command: Sequence[str]) -> int:
    """Run tests with `begin` and `end` around them; return their status.

    With options of pytest (PYTEST_ARGS) some tests may be left out, so nothing is noted.
    """
    noted = not os.environ.get("PYTEST_ARGS")
    if noted:
        begin(root, name)
    status = subprocess.run([*command], check=False).returncode
    if noted and status == 0:
        print(end(root, name))
    return status


def last_passed(root: Path, name: str) -> tuple[str, str] | None:
    """Return the commit and the day of the last note of some tests; None where there is none."""
    path = root / PASSED / name
    words = path.read_text().split() if path.is_file() else []
    return (words[0], words[1]) if len(words) == 2 else None


def tested(root: Path) -> Iterator[str]:
    """Yield a line for each of `TESTS`: on which commit it passed last."""
    for name in TESTS:
        found = last_passed(root, name)
        if found is None:
            yield f"`make {name}`: nothing says that it passed"
            continue
        commit, day = found
        if commit == git(root, "rev-parse", "HEAD"):
            yield f"`make {name}` passed on this commit ({day})"
            continue
        since = git(root, "rev-list", "--count", f"{commit}..HEAD")
        where = f"{since} commits before this one" if since else "which this clone does not have"
        yield f"`make {name}` passed on {commit[:7]} ({day}), {where}"


def not_passed(root: Path, tests: Sequence[str]) -> Iterator[str]:
    """Yield which of some tests have not passed on this commit."""
    head = commit_of(root)
    for name in tests:
        if name not in TESTS:
            yield f"there are no tests {name}: TESTS takes {', '.join(TESTS)}, commas between"
            continue
        found = last_passed(root, name)
        if found is None or found[0] != head:
            there = f"they passed at {found[0][:7]}" if found else "nothing says that they passed"
            yield f"`make {name}` has to pass on this commit ({there}): run it"
    if not tests:
        yield "TESTS names no tests: a release rests on some"


def versions(root: Path) -> dict[str, str]:
    """Return the version that each file has which says one."""
    found = {}
    for name, pattern in VERSIONED.items():
        line = re.search(pattern, (root / name).read_text(), re.MULTILINE)
        found[name] = line[1] if line else "none"
    return found


def cut(root: Path, version: str, day: str) -> str:
    """Begin a version: write it into all files, and its heading into the changelog.

    Errors: `Refused` if it is no later version, or if the changelog has nothing for it.
    """
    now, path = versions(root), root / "CHANGELOG.md"
    changelog = path.read_text()
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        raise Refused(f"  {version} is no version X.Y.Z")
    for name, old in now.items():
        if numbers(version) <= numbers(old):
            raise Refused(f"  {name} says {old}: {version} is not later")
    if re.search(rf"^## {re.escape(version)}(?: |$)", changelog, re.MULTILINE):
        raise Refused(f"  CHANGELOG.md has a section `## {version}`: choose a later version")
    if changelog.count(UNRELEASED) != 1 or not notes_of(changelog, "Unreleased"):
        raise Refused("  CHANGELOG.md has no text under `## Unreleased`: nothing is new")
    for name, pattern in VERSIONED.items():
        text = (root / name).read_text()
        found = re.search(pattern, text, re.MULTILINE)
        if found:
            (root / name).write_text(text[: found.start(1)] + version + text[found.end(1) :])
    path.write_text(changelog.replace(UNRELEASED, f"{UNRELEASED}\n## {version} ({day})\n"))
    return f"{version} is in {len(VERSIONED)} files and in CHANGELOG.md: read them and commit"


def numbers(version: str) -> tuple[int, ...]:
    """Return the numbers of a version."""
    return tuple(int(part) for part in re.findall(r"\d+", version))


def notes_of(changelog: str, version: str) -> str:
    """Return the section of a version in the changelog; empty where there is none."""
    section = re.search(
        rf"^## {re.escape(version)}(?: .*)?\n((?:(?!## ).*\n?)*)", changelog, re.MULTILINE
    )
    return section[1].strip() if section else ""
