"""A model with what it needs to recognise, and the streams that it opens."""

import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypedDict, Unpack

from numpy.typing import ArrayLike

from schatten_engine import _engine
from schatten_engine.bundle import LEXICON, LM, MANIFEST, MODEL, read_search
from schatten_engine.stream import Stream, Utterance

SAMPLE_RATE = 16000
"""Samples a second of all sound."""

_CHUNK = SAMPLE_RATE
PathLike = str | os.PathLike[str]


class SearchOptions(TypedDict, total=False):
    """Settings of the search with a language model, as schatten.h defines them."""

    lm_weight: float
    """What log P(words) counts, 0 or more."""
    word_bonus: float
    """Added for each word, natural log."""
    beam: int
    """Paths kept, 1..10000."""
    beam_threshold: float
    """Paths that are worse than the best by this (natural log) go."""
    token_beam: int
    """Units tried in a frame, the likeliest."""
    temperature: float
    """Posteriors are those of scores / temperature."""


_DEFAULTS: SearchOptions = {
    "lm_weight": 1.0,
    "word_bonus": 0.0,
    "beam": 200,
    "beam_threshold": 25.0,
    "token_beam": 15,
    "temperature": 1.0,
}
"""Those of `schatten_options_default`."""


@dataclass(frozen=True, slots=True)
class Gate:
    """What is silence or noise to a stream."""

    decibels: float = _engine.GATE_DECIBELS
    """The acoustic model sleeps while no sound is louder than the background by this; 0: never."""
    evidence: float = _engine.GATE_EVIDENCE
    """An utterance that is less surely speech than this, 0..1, has no text; 0: all have."""


@dataclass(frozen=True, slots=True)
class Info:
    """What a model is."""

    units: tuple[str, ...]
    """What it writes: characters, phones, pieces or grams, CTC's blank first."""
    bins: int
    """Features of a frame."""
    is_int8: bool
    parameters: int
    packed_bytes: int
    """Memory that the weights take."""
    seconds_per_frame: float
    """Sound of an output frame."""
    latency_seconds: float
    """Algorithmic latency: window, look-ahead, batch of frames."""


class Recognizer:
    """A model, with or without a language model. Any number of streams may use one."""

    def __init__(self, bundle: PathLike, **search: Unpack[SearchOptions]) -> None:
        """Open a bundle: a folder that `schatten bundle` or `schatten pack` wrote.

        Its files must have the lengths and the SHA-256 that its manifest says, and the search has
        the weights that were tuned for it; `search` replaces some of them.

        Errors: `EngineError`, one sentence that names the file and the fix.
        """
        folder = Path(bundle)
        manifest = folder / MANIFEST
        self._search = _complete({**read_search(folder, _DEFAULTS.keys()), **search})
        _engine.check(_bytes(manifest), _bytes(folder / MODEL))
        self._gate = Gate(*_engine.gate(_bytes(manifest)))
        self._open(folder / MODEL, folder / LM, folder / LEXICON, None, manifest)

    @classmethod
    def from_files(
        cls,
        model: PathLike,
        *,
        lm: PathLike | None = None,
        lexicon: PathLike | None = None,
        look_ahead: PathLike | None = None,
        **search: Unpack[SearchOptions],
    ) -> "Recognizer":
        """Open a model (.gguf), and a language model of the same units if there is one.

        Without one, words are those of the best path of units. `lm`, `look_ahead`: KenLM binaries;
        `lexicon`: the words' spellings. KenLM trusts its binaries: open only those that you made,
        or a bundle. Errors: `EngineError`, and `ValueError` for `lm` without `lexicon`.
        """
        if (lm is None) != (lexicon is None) or (look_ahead is not None and lm is None):
            raise ValueError("lm and lexicon go together, and look_ahead needs both")
        self = cls.__new__(cls)
        self._search = _complete({**search})
        self._gate = Gate()
        self._open(model, lm, lexicon, look_ahead, None)
        return self

    def _open(
        self,
        model: PathLike,
        lm: PathLike | None,
        lexicon: PathLike | None,
        look_ahead: PathLike | None,
        manifest: PathLike | None,
    ) -> None:
        self._model = _engine.Model(_bytes(model))
        self._lm = None
        if lm is not None and lexicon is not None:
            further = [None if path is None else _bytes(path) for path in (look_ahead, manifest)]
            self._lm = _engine.LanguageModel(self._model, _bytes(lm), _bytes(lexicon), *further)
            words, known = self._lm.vocabulary()
            if 2 * known < words:
                warnings.warn(
                    f"{lm} knows {known} of the {words} words of {lexicon}; the others are hardly "
                    "ever found: make both of one text",
                    stacklevel=3,
                )

    @cached_property
    def info(self) -> Info:
        """What the model is."""
        return Info(tuple(self._model.units()), *self._model.info()[1:])

    @property
    def search(self) -> SearchOptions:
        """The settings of the search."""
        return self._search.copy()

    @property
    def gate(self) -> Gate:
        """The thresholds that were chosen for the bundle; the usual ones where none were."""
        return self._gate

    def stream(
        self,
        *,
        silence: float = 0.0,
        maximum: float = 0.0,
        batch: int = 4,
        alternatives: int = 0,
        words: str | None = None,
        gate: bool | Gate = False,
    ) -> Stream:
        """Open a stream.

        `silence`: an utterance ends so many seconds after its last word; 0: never. `maximum`: it
        ends when so many seconds long; 0: never. `batch`: output frames computed at once, 1 to 4;
        fewer is sooner, more is cheaper. `alternatives`: texts kept of an utterance, up to 100;
        from 1 on its words have a confidence. `words`: see `Stream.set_words`.
        `gate`: True for the bundle's thresholds, or a `Gate` with others: silence and noise write
        nothing, and cost less. Errors: `EngineError` for a value out of range.
        """
        chosen = self._gate if gate is True else Gate(0, 0) if gate is False else gate
        stream = Stream(
            _engine.Stream(
                self._model,
                self._lm,
                batch_frames=batch,
                silence_seconds=silence,
                maximum_seconds=maximum,
                alternatives=alternatives,
                gate_decibels=chosen.decibels,
                gate_evidence=chosen.evidence,
                **self._search,
            )
        )
        if words is not None:
            stream.set_words(words)
        return stream

    def recognize(self, samples: ArrayLike) -> Utterance:
        """Return what is said in sound that is there as a whole; see `Stream.accept`."""
        stream = self.stream()
        stream.accept(samples)
        return stream.finish()

    def recognize_file(self, path: PathLike) -> Utterance:
        """Return what is said in a file of sound, which is read as `schatten-recognize` does.

        Errors: `EngineError` for a file that cannot be used.
        """
        stream = self.stream()
        for _ in heard_in(path, stream):  # none: the stream ends no utterance by itself
            pass
        return stream.finish()


def heard_in(path: PathLike, stream: Stream) -> Iterator[Utterance]:
    """Give a file's sound to a stream; yield the utterances that end within it."""
    sound = _engine.Sound(_bytes(path))
    while len(samples := sound.read(_CHUNK)):
        yield from stream.accept(samples)


def _complete(search: dict[str, object]) -> SearchOptions:
    unknown = search.keys() - _DEFAULTS.keys()
    if unknown:
        raise TypeError(
            f"{', '.join(sorted(unknown))}: no such setting; there are {', '.join(_DEFAULTS)}"
        )
    return {**_DEFAULTS, **search}  # type: ignore[typeddict-item]


def _bytes(path: PathLike) -> bytes:
    """Return a path as the system has it."""
    name = os.fsencode(path)
    if b"\0" in name:
        raise ValueError(f"{path!r} is no name of a file: it has a null character")
    return name
