"""Whatever happens to a run, the same command ends with the right results.

`SCHATTEN_FAULTS` says how many faults there are, `SCHATTEN_FAULT_SEED` which ones,
`SCHATTEN_FAULT_REPORT` where to write what they did (`make test-faults` sets them). A fault is
drawn by the seed and its number alone, and begins with what an undisturbed run made.
"""

import itertools
import os
import random
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fault_bench import FAULTS, STEPS, Bench, Struck, damage_a_recording, fill_the_disk
from hostile_corpus import CORPUS, MOST, NAMES, RECIPE, write_corpus, write_recipe
from project import copy_project

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("faults")]

COUNT = int(os.environ.get("SCHATTEN_FAULTS", str(len(FAULTS))))
SEED = os.environ.get("SCHATTEN_FAULT_SEED", "1")
REPORT = os.environ.get("SCHATTEN_FAULT_REPORT")
IS_LONG = len(FAULTS) < COUNT
DISK = "64m"
COLUMNS = ("", "fault", "to make from", "what", "the disturbed run ended", "the next", "seconds")
WHERE = [*STEPS] if IS_LONG else ["decode", "tables"]
"""A few faults hit only late steps, which are quick to make again."""
LISTENING = ["corpus", "features"]
"""Steps that read recordings."""
NUMBERS = [
    pytest.param(
        number, marks=[] if IS_LONG or fault is not damage_a_recording else pytest.mark.nightly
    )
    for number, fault in zip(range(COUNT), itertools.cycle(FAULTS), strict=False)
]
"""A recording is read early, so all steps run again after its fault: of the few, it is nightly."""


def new_bench(snapshot: Path, folder: Path) -> Bench:
    bench = Bench(copy_project(snapshot, folder), folder / "saved")
    write_corpus(bench.project.path / CORPUS)
    write_recipe(bench.project)
    return bench


@pytest.fixture(scope="module")
def bench(snapshot: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A bench on which the command has run, undisturbed."""
    folder = tmp_path_factory.mktemp("faults")
    mounted = mount_disk(folder / "disk")
    for name in ("results", "state"):
        (folder / "disk" / name).mkdir(parents=True)
        (folder / name).symlink_to(f"disk/{name}")
    try:
        bench = new_bench(snapshot, folder)
        status, output = bench.run()
        assert status == 0, output
        bench.save()
        yield bench
    finally:
        if mounted:
            subprocess.run(["umount", folder / "disk"], check=True)


def mount_disk(folder: Path) -> bool:
    """Mount a small disk in memory; return whether that could be done."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(folder)]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def note(number: int, step: str, struck: Struck, seconds: float) -> None:
    """Add a line to the report, where one is asked for."""
    if not REPORT:
        return
    path = Path(REPORT)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"| {' | '.join(COLUMNS)} |\n{'| --- ' * len(COLUMNS)}|\n")
    name = FAULTS[number % len(FAULTS)].__name__.replace("_", " ")
    row = (str(number), name, step, struck.what, struck.ended, "the right table", f"{seconds:.0f}")
    with path.open("a") as file:
        file.write(f"| {' | '.join(row)} |\n")


def test_names_that_mean_something_to_a_shell_are_names(bench: Bench) -> None:
    """The whole workflow ran on a corpus whose folder, files, ids and speakers are hostile."""
    decoded = list(bench.results.glob("own/least/decode/**/lexicon/*/test.hyp.txt"))
    ids = [[line.split()[0] for line in one.read_text().splitlines()] for one in decoded]
    assert ids == [["\\", "~"]] * 3  # whole, and at a rank before and after stage 2
    found = list(bench.project.path.parent.rglob("pwned*"))
    assert found == []
    assert len(bench.recordings()) == len(NAMES)


@pytest.mark.nightly
def test_no_step_takes_a_name_for_a_command(bench: Bench) -> None:
    """The other steps too: the engine on whole splits, grids, graphs, figures, bundles, devices."""
    bench.restore()
    for target in ("wer_tables", "figures", "bundle", "bench"):
        command = [*bench.asking_for(target)]
        command[command.index(RECIPE)] = MOST
        status, output = bench.project.run(*command)
        assert status == 0, output
    assert list(bench.project.path.parent.rglob("pwned*")) == []


@pytest.mark.skipif(not IS_LONG, reason="test_cache.py and test_smoke.py compare runs from clean")
def test_two_runs_from_clean_give_the_same_bytes(
    bench: Bench, snapshot: Path, tmp_path: Path
) -> None:
    again = new_bench(snapshot, tmp_path)
    status, output = again.run()
    assert status == 0, output
    assert again.digests() == bench.right
    assert "own/least/tables/wer.csv" in bench.right


@pytest.mark.parametrize("number", NUMBERS)
def test_a_fault_costs_no_result(bench: Bench, number: int) -> None:
    fault = FAULTS[number % len(FAULTS)]
    if fault is fill_the_disk and not bench.results.resolve().parent.is_mount():
        pytest.skip("a small disk can be mounted by root alone")
    began = time.monotonic()
    for attempt in range(20):
        chance = random.Random(f"{SEED} {number} {attempt}")
        step = chance.choice(LISTENING if fault is damage_a_recording else WHERE)
        bench.restore()
        bench.remove_step(step)
        struck = fault(bench, chance)
        if struck is not None:
            bench.assert_right(struck.removed)
            note(number, step, struck, time.monotonic() - began)
            return
    raise AssertionError(f"{fault.__name__} met no step in 20 runs")
