"""Fixtures of the corpus tests."""

from collections.abc import Callable
from pathlib import Path

import pytest
from small_corpora import ROWS, Row, write_audio, write_table


@pytest.fixture
def tsv_corpus(tmp_path: Path) -> Callable[..., Path]:
    """Return a maker of a corpus folder with a table and audio; rows are changed by id."""

    def make(**changes: Row) -> Path:
        folder = tmp_path / "corpus"
        rows = [{**row, **changes.get(row["id"], {})} for row in ROWS]
        write_table(folder, rows)
        for row in ROWS:
            write_audio(folder / row["path"])
        return folder

    return make
