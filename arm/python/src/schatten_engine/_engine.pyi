from typing import Any

import numpy as np
from numpy.typing import NDArray

GATE_DECIBELS: float
GATE_EVIDENCE: float

class EngineError(Exception): ...

def version() -> str: ...
def check(manifest: bytes, path: bytes) -> None: ...

class Model:
    def __init__(self, path: bytes) -> None: ...
    def info(self) -> tuple[int, int, bool, int, int, float, float]: ...
    def units(self) -> list[str]: ...

class LanguageModel:
    def __init__(
        self,
        model: Model,
        binary: bytes,
        lexicon: bytes,
        look_ahead: bytes | None,
        manifest: bytes | None,
    ) -> None: ...
    def vocabulary(self) -> tuple[int, int]: ...

class Stream:
    def __init__(
        self,
        model: Model,
        lm: LanguageModel | None,
        *,
        batch_frames: int,
        silence_seconds: float,
        maximum_seconds: float,
        lm_weight: float,
        word_bonus: float,
        beam_threshold: float,
        beam: int,
        token_beam: int,
        temperature: float,
        alternatives: int,
        gate_decibels: float,
        gate_evidence: float,
    ) -> None: ...
    def set_words(self, lines: bytes | None) -> None: ...
    def accept(self, samples: NDArray[Any]) -> int: ...
    def finish(self) -> None: ...
    def restart(self) -> None: ...
    def ended(self) -> bool: ...
    def problem(self) -> str: ...
    def result(
        self,
    ) -> tuple[
        str, list[tuple[str, float, float, float]], float, list[tuple[str, float, float]]
    ]: ...
    def statistics(self) -> tuple[float, float, float, float, float]: ...

class Sound:
    def __init__(self, path: bytes) -> None: ...
    def read(self, count: int) -> NDArray[np.int16]: ...
