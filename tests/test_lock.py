"""requirements.lock holds what pyproject.toml asks for, each file with its hash."""

import re
import tomllib

from packaging.requirements import Requirement
from project import ROOT

LOCK = (ROOT / "requirements.lock").read_text()
LOCKED = re.findall(r"^([A-Za-z0-9_.-]+)==(\S+)", LOCK, re.MULTILINE)
"""Names and versions; a package stands twice where Pythons need different versions."""


def asked() -> dict[str, list[Requirement]]:
    """Return what pyproject.toml asks for, by group; PyTorch is in no lock."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    groups = dict(project["optional-dependencies"])
    groups["workflow"] = project["dependencies"] + groups["workflow"]
    return {
        group: [Requirement(line) for line in lines if not line.startswith("torch>")]
        for group, lines in groups.items()
    }


def test_every_requirement_is_locked_at_a_version_that_it_allows() -> None:
    missing = [one.name for group in asked().values() for one in group if not is_locked(one)]
    assert missing == [], "run `make lock` and commit requirements.lock"


def test_each_group_of_packages_is_a_section_of_the_lock() -> None:
    head, *parts = re.split(r"^# group: (\S+)\n", LOCK, flags=re.MULTILINE)
    assert "==" not in head
    sections = dict(zip(parts[::2], parts[1::2], strict=True))
    assert [*sections] == [*asked()]
    there: set[str] = set()
    for group, section in sections.items():
        there |= set(re.findall(r"^([A-Za-z0-9_.-]+)==", section, re.MULTILINE))
        names = {name_of(one) for one in asked()[group]}
        assert names <= there, f"{group}: run `make lock` and commit requirements.lock"
    assert not re.search(r"^(pytest|ruff|onnx)==", sections["workflow"], re.MULTILINE)


def name_of(requirement: Requirement) -> str:
    return re.sub(r"[-_.]+", "-", requirement.name).lower()


def is_locked(one: Requirement) -> bool:
    versions = [version for locked, version in LOCKED if locked == name_of(one)]
    return bool(versions) and all(one.specifier.contains(version) for version in versions)


def test_every_package_has_hashes_and_torch_is_not_among_them() -> None:
    blocks = re.split(r"\n(?=\S)", re.sub(r"^#.*\n", "", LOCK, flags=re.MULTILINE).strip())
    assert len(blocks) == len(LOCKED) > 100
    assert all("--hash=sha256:" in block for block in blocks)
    names = {name for name, _ in LOCKED}
    assert not {"torch", "triton"} & names
    assert "setuptools" in names, "scripts/setup.sh builds with it"


def test_the_lock_names_no_host() -> None:
    assert not re.search(r"://|index-url|find-links", LOCK)


def test_only_the_set_up_installs_packages_and_nothing_builds_a_source_to_read_it() -> None:
    files = [ROOT / "Makefile", *(one for one in ROOT.glob("scripts/**/*.*") if one.is_file())]
    asked = re.compile(r"pip3? (install|download)\b")
    asks = [path.name for path in files if path.suffix != ".pyc" and asked.search(path.read_text())]
    assert asks == ["download_source.py"], "it says why it does not"
