"""docs/chains.md: its chains are loaded, and its tables and sentences are what comes of them."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from project import ROOT

from schatten import recipe
from schatten.errors import UserError
from schatten.recipe.chain import Node

PAGE = (ROOT / "docs/chains.md").read_text()
BLOCK = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BASE = """
title: A test
corpus: {source: tsv}
models:
  small: {type: lstm, lstm: [8]}
  gru: {type: deep_speech_2, convolutions: [], gru: [8], fully_connected: 8}
trainings: {default: {epochs: 8, batch_seconds: 10, learning_rate: 0.1}}
systems: {dense: {model: small}}
language_models: {big: {}}
"""

Row = list[str]


def tables_in(text: str) -> list[list[Row]]:
    """Return the tables of a text, each with its heading first and without the line below it."""
    found: list[list[Row]] = [[]]
    for line in text.splitlines():
        if line.startswith("| "):
            found[-1].append([cell.strip() for cell in line.strip("|").split(" | ")])
        elif found[-1]:
            found.append([])
    return [[table[0], *table[2:]] for table in found if table]


def after_blocks() -> list[tuple[str, str]]:
    """Return each YAML of the page with the text up to the next one, or to the next heading."""
    blocks = list(BLOCK.finditer(PAGE))
    ends = [block.start() for block in blocks[1:]] + [len(PAGE)]
    pairs = zip(blocks, ends, strict=True)
    return [(block[1], PAGE[block.end() : end].split("\n## ")[0]) for block, end in pairs]


BLOCKS = after_blocks()
WITH_TABLE = [
    (code, table) for code, text in BLOCKS for table in tables_in(text) if table[0][0] == "folder"
]
PAIRS = [
    (code, BLOCKS[place + 1][0])
    for place, (code, text) in enumerate(BLOCKS)
    if text.strip() == "stands for"
]
(REFUSED,) = (table[1:] for table in tables_in(PAGE) if table[0] == ["chain", "what is printed"])


def load(folder: Path, **system: Any) -> recipe.Recipe:
    content = yaml.safe_load(BASE)
    content["systems"]["mine"] = {"model": "small", **system}
    path = folder / "r.yaml"
    path.write_text(yaml.safe_dump(content))
    return recipe.load(str(path))


def row_of(node: Node, headings: Row) -> Row:
    values = {
        "folder": f"`{node.folder}`",
        "the job's message": node.title,
        "row in the tables": f"`{node.label}`" if node.is_final else "",
    }
    return [values[heading] for heading in headings]


def test_the_first_recipe_makes_the_jobs_and_nodes_that_are_shown(tmp_path: Path) -> None:
    folder = tmp_path / "voicesearch_like"
    shutil.copytree(ROOT / "recipes/voicesearch_like", folder)
    (folder / "mine.yaml").write_text(BLOCKS[0][0])
    nodes = recipe.load(str(folder / "mine.yaml")).nodes("mine", 1)
    shown = re.search(r"^\$ snakemake .*\n((?:t.*\n)+)```", PAGE, re.MULTILINE)
    assert shown and shown[1].splitlines() == sorted(node.title for node in nodes)
    table = next(one for one in tables_in(PAGE) if one[0][0] == "folder")
    assert table[1:] == [row_of(node, table[0]) for node in nodes]


@pytest.mark.parametrize(("code", "table"), WITH_TABLE)
def test_a_chain_has_the_nodes_of_the_table_below_it(
    code: str, table: list[Row], tmp_path: Path
) -> None:
    nodes = load(tmp_path, **yaml.safe_load(code)).nodes("mine", 1)
    assert table[1:] == [row_of(node, table[0]) for node in nodes]


@pytest.mark.parametrize(("keys", "chain"), PAIRS)
def test_keys_stand_for_the_chain_below_them(keys: str, chain: str, tmp_path: Path) -> None:
    by_keys, by_chain = (
        load(tmp_path, **yaml.safe_load(code)).nodes("mine", 1) for code in (keys, chain)
    )
    assert len(by_keys) >= 3
    assert [node.folder for node in by_keys] == [node.folder for node in by_chain]
    assert [node.settings for node in by_keys] == [node.settings for node in by_chain]
    assert [node.kept_epochs for node in by_keys] == [node.kept_epochs for node in by_chain]
    assert [node.needs.keys() for node in by_keys] == [node.needs.keys() for node in by_chain]


@pytest.mark.parametrize(("chain", "sentence"), REFUSED)
def test_a_chain_is_refused_with_the_sentence(chain: str, sentence: str, tmp_path: Path) -> None:
    system: dict[str, Any] = {"chain": yaml.safe_load(chain.strip("`"))}
    if chain.startswith("a chain beside"):
        system = {"chain": [{"train": {}}], "ranks": [{"tau": 0.9}], "stage2": {}}
    with pytest.raises(UserError) as refusal:
        load(tmp_path, **system)
    said = [line.split(": ", 1)[1] for line in str(refusal.value).splitlines()[1:]]
    assert any(re.sub(r"^systems\.mine\.chain\S*: ", "", line) == sentence for line in said), said


def test_the_page_has_all_that_is_tested_here() -> None:
    assert (len(WITH_TABLE), len(PAIRS)) == (7, 2)
    assert len(REFUSED) >= 18
