"""A corpus in another language than English, over its phones: from a grammar to a table."""

import csv
import shutil

import pytest
from project import ROOT, Project

pytestmark = pytest.mark.workflow


def test_german_commands_are_recognised_over_german_phones(project: Project) -> None:
    folder = project.path / "recipes/german"
    shutil.copytree(ROOT / "tests/units/german", folder)
    status, output = project.run("schatten", "run", "wer_tables", "-j2", "--recipe=german/german")
    assert status == 0, output
    with (project.path / "results/german/german/tables/wer.csv").open() as file:
        (row, *_) = csv.DictReader(file)
    assert (row["units"], row["wer_greedy"], row["cer_greedy"]) == ("phones", "", "")
    assert float(row["per_greedy"]) > 0
    assert float(row["wer_trigram"]) > 0
    (words,) = project.path.glob("results/german/*/units/phones/words.phones.tsv")
    rows = [line.split("\t") for line in words.read_text().splitlines()]
    assert {origin for _, _, origin in rows} == {"espeak"}
    (lexicon,) = project.path.glob("results/german/*/units/phones/trigram/lexicon")
    spelled = {(word, phones) for word, phones, _ in rows}
    assert {tuple(line.split("\t")) for line in lexicon.read_text().splitlines()} <= spelled
