"""The commands of docs/tutorial.md, run on the smoke results, print what the page says.

Two types of CPU train models that differ by rounding. So a WER, or a difference of two, must lie
within the interval that the page prints for it; sizes that do not follow from weights are the same.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from project import ROOT, Project

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("workflow")]

NUMBER = r"[+-]?\d+(?:\.\d+)?"
ROW = re.compile(
    rf"(?P<name>\S.*?|  int8 in the engine) {{2,}}(?P<params>{NUMBER}) +(?P<mb>{NUMBER}) +"
    rf"(?P<wer>{NUMBER})  \[(?P<low>{NUMBER}), (?P<high>{NUMBER})\] +(?P<verdict>\S.*)"
)
TRUNCATED = 0.05
"""Share by which the size of a truncated model may differ: its ranks follow from its weights."""


WHOLE = ("", "whole", "145 % of the size")
"""Sizes of models that are not truncated; the last is trained as two factors."""


@dataclass(frozen=True)
class Command:
    """A command of the page, and the lines that stand below it."""

    line: str
    output: list[str]


def commands() -> Iterator[Command]:
    page = (ROOT / "docs/tutorial.md").read_text()
    for block in re.findall(r"^```console\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            line, *output = part.splitlines()
            yield Command(line, output)


@pytest.fixture(scope="module")
def printed(done: Project) -> Iterator[list[tuple[Command, list[str]]]]:
    """Run all commands of the page in their order; give back what was changed."""
    recipe = done.recipe.read_text()
    try:
        found = []
        for command in commands():
            status, output = done.run("bash", "-c", command.line)
            assert status == 0, output
            found.append((command, output.splitlines()))
        yield found
    finally:
        done.recipe.write_text(recipe)


def only(printed: list[tuple[Command, list[str]]], part: str) -> tuple[list[str], list[str]]:
    """Return what the page and the command that holds `part` print."""
    ((command, output),) = [each for each in printed if part in each[0].line]
    return command.output, output


def test_the_run_has_nothing_to_do_after_the_fixture(
    printed: list[tuple[Command, list[str]]],
) -> None:
    first = printed[0]
    assert first[0].line == "schatten run wer_tables --recipe voicesearch_like/smoke"
    assert first[1] == ["nothing to do: everything asked for is there and up to date"]


def test_the_table_has_the_rows_of_the_page(printed: list[tuple[Command, list[str]]]) -> None:
    page, shown = only(printed, "schatten show")
    assert shown[:3] == page[:3]
    assert shown[3].split() == page[3].split()
    expected, found = ([ROW.fullmatch(text) for text in lines] for lines in (page, shown))
    pairs = list(zip(filter(None, expected), filter(None, found), strict=True))
    assert len(pairs) == 10
    truncated = False
    for said, row in pairs:
        system, _, size = said["name"].partition(", ")
        truncated = truncated if system.startswith(" ") else size not in WHOLE
        assert row["name"].partition(", ")[0] == system
        tolerance = TRUNCATED if truncated else 0
        for column in ("params", "mb"):
            assert float(row[column]) == pytest.approx(float(said[column]), rel=tolerance), said[0]
        if not truncated:
            assert row["name"] == said["name"]
        assert float(said["low"]) <= float(row["wer"]) <= float(said["high"]), said[0]


def test_the_page_holds_itself_to_the_intervals_it_prints() -> None:
    (show,) = [command for command in commands() if command.line.startswith("schatten show")]
    rows = [row for row in map(ROW.fullmatch, show.output) if row]
    assert all(float(row["low"]) < float(row["wer"]) < float(row["high"]) for row in rows)
    verdicts = {row["verdict"] for row in rows} - {"baseline"}
    page = (ROOT / "docs/tutorial.md").read_text()
    assert verdicts and all(f"`{verdict}`:" in page for verdict in verdicts), "each is explained"


def test_the_difference_lies_within_its_interval(
    printed: list[tuple[Command, list[str]]],
) -> None:
    (said,), (found,) = only(printed, "compare-scores")
    form = re.compile(
        rf"({NUMBER}) points \[({NUMBER}), ({NUMBER})\], p = {NUMBER}; "
        rf"{NUMBER} % \[{NUMBER}, {NUMBER}\] by speakers"
    )
    page, printed_now = form.fullmatch(said), form.fullmatch(found)
    assert page and printed_now
    assert float(page[2]) <= float(printed_now[1]) <= float(page[3])


def test_the_bundle_hears_words(printed: list[tuple[Command, list[str]]], done: Project) -> None:
    (said,), output = only(printed, "schatten try")
    (found,) = [line for line in output if ".flac" in line]
    lexicon = next(done.path.glob("results/voicesearch_like/*/lm/fivegram/lexicon")).read_text()
    words = {line.split("\t")[0] for line in lexicon.splitlines()}
    for text in (said, found):
        name, *heard = text.split()
        assert name.endswith(".flac") and heard and set(heard) <= words


def test_the_change_of_the_recipe_runs_what_the_page_says(
    printed: list[tuple[Command, list[str]]],
) -> None:
    said, found = only(printed, "smoke -n")
    assert found == said
