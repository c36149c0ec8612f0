from collections.abc import Callable
from pathlib import Path

import pytest
from engine_build import build
from toy_decoding import WORDS, arpa_text, character_arpa_text

__all__ = ["build"]


@pytest.fixture
def program(build: Callable[[str], Path]) -> Path:
    """The engine's search, which takes log-probabilities."""
    return build("shared") / "bench/decode_logprobs"


@pytest.fixture
def arpa(tmp_path: Path) -> Path:
    path = tmp_path / "toy.arpa"
    path.write_text(arpa_text())
    return path


@pytest.fixture
def character_arpa(tmp_path: Path) -> Path:
    path = tmp_path / "characters.arpa"
    path.write_text(character_arpa_text())
    return path


@pytest.fixture
def lexicon(tmp_path: Path) -> Path:
    path = tmp_path / "lexicon"
    path.write_text("".join(f"{word}\t{' '.join(word)}\n" for word in WORDS))
    return path
