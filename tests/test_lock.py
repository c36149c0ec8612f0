"""requirements.lock holds what pyproject.toml asks for, each file with its hash."""

import re
import tomllib

from packaging.requirements import Requirement
from project import ROOT

LOCK = (ROOT / "requirements.lock").read_text()
LOCKED = re.findall(r"^([A-Za-z0-9_.-]+)==(\S+)", LOCK, re.MULTILINE)
"""Names and versions; a package stands twice where Pythons need different versions."""


def test_every_requirement_is_locked_at_a_version_that_it_allows() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    asked = [Requirement(line) for line in lines if not line.startswith("torch>")]
    missing = [one.name for one in asked if not is_locked(one)]
    assert missing == [], "run `make lock` and commit requirements.lock"


def is_locked(asked: Requirement) -> bool:
    name = re.sub(r"[-_.]+", "-", asked.name).lower()
    versions = [version for locked, version in LOCKED if locked == name]
    return bool(versions) and all(asked.specifier.contains(version) for version in versions)


def test_every_package_has_hashes_and_torch_is_not_among_them() -> None:
    blocks = re.split(r"\n(?=\S)", LOCK.split("\n", 1)[1].strip())
    assert len(blocks) == len(LOCKED) > 100
    assert all("--hash=sha256:" in block for block in blocks)
    names = {name for name, _ in LOCKED}
    assert not {"torch", "triton"} & names
    assert "setuptools" in names, "scripts/setup.sh builds with it"


def test_the_lock_names_no_host() -> None:
    assert not re.search(r"://|index-url|find-links", LOCK)
