"""One stream of sound, and what is heard in it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from schatten_engine import _engine


@dataclass(frozen=True, slots=True)
class Word:
    """A word, and when it was said, in seconds since the start of the stream."""

    text: str
    start: float
    end: float
    confidence: float | None = None
    """How sure it is, 0..1: the posteriors of the alternatives that have it at its place. None
    where the stream keeps no alternatives, and before the utterance's end."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """A text that the search found too."""

    text: str
    score: float
    """Natural log, as that of the utterance."""
    posterior: float
    """Its share among the best 100 texts, 0..1."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """What was said between two ends of the stream's, its words in order."""

    text: str
    words: tuple[Word, ...]
    score: float
    """How well the text fits, as `schatten_score` defines it (natural log); 0 without a language
    model, minus infinity where no word fits or the utterance goes on."""
    alternatives: tuple[Alternative, ...] = ()
    """The best texts, this one first, as many as the stream was asked for."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """What a stream has done: seconds of audio, and seconds of computing by part."""

    audio_seconds: float
    feature_seconds: float
    acoustic_seconds: float
    decoder_seconds: float
    asleep_seconds: float
    """Seconds of audio for which the acoustic model slept, as the gate had it."""


class Stream:
    """A stream of 16 kHz sound, which `Recognizer.stream` opens.

    Sound in chunks of any lengths gives the same words as the whole at once. Threads may share a
    stream only for its text; sound has an order, so one thread gives it. Streams are independent:
    each may run in a thread of its own, and computing does not hold the interpreter's lock.
    """

    def __init__(self, stream: "_engine.Stream") -> None:
        self._stream = stream
        self._ended: list[Utterance] = []

    def set_words(self, lines: str | None) -> None:
        """Give the stream words and phrases of its own, from the next utterance on; None: none.

        `lines`: those of a words file, as `schatten-recognize --words` reads it: the word, its
        spelling in units, its boost, with tabs between. The lexicon and other streams stay as they
        are. Errors: `EngineError` for lines that cannot be used, and within an utterance.
        """
        self._stream.set_words(None if lines is None else lines.encode(errors="surrogateescape"))

    def accept(self, samples: ArrayLike) -> list[Utterance]:
        """Take the next samples; return the utterances that ended within them, as a rule none.

        `samples`: shape (samples,), int16, or float32 in -1..1; int16 divided by 32768 gives the
        same bits. An utterance ends by a pause or by its length, as the stream was asked for; the
        next one begins at once.

        Errors: `TypeError` for another type of number, `ValueError` for another shape,
        `EngineError` for samples that are no numbers or of another scale, or where memory is
        missing: the utterance so far is lost then, and a new one begins.
        """
        left = _checked(samples)
        while len(left):
            left = left[self._stream.accept(left) :]
            self._raise_problem()
            if self._stream.ended():
                self._take()
        return self._taken()

    def finish(self) -> Utterance:
        """End the utterance here and return it; its text is empty if there was no word.

        The stream goes on: the next samples begin a new utterance, and times go on counting.
        Errors: `EngineError` where memory is missing.
        """
        self._stream.finish()
        self._raise_problem()
        self._take()
        return self._ended.pop()

    @property
    def utterance(self) -> Utterance:
        """The utterance so far. Later sound may still change its last words."""
        text, found, score, others = self._stream.result()
        words = (
            Word(word, start, end, None if sure < 0 else sure) for word, start, end, sure in found
        )
        return Utterance(text, tuple(words), score, tuple(Alternative(*one) for one in others))

    @property
    def text(self) -> str:
        """The text of the utterance so far."""
        return self._stream.result()[0]

    @property
    def words(self) -> tuple[Word, ...]:
        """The words of the utterance so far."""
        return self.utterance.words

    @property
    def statistics(self) -> Statistics:
        """Seconds of audio and of computing since the stream was opened."""
        return Statistics(*self._stream.statistics())

    def _take(self) -> None:
        self._ended.append(self.utterance)
        self._stream.restart()

    def _taken(self) -> list[Utterance]:
        ended, self._ended = self._ended, []
        return ended

    def _raise_problem(self) -> None:
        """Raise what ended the utterance without text; what ended before stays to be returned."""
        problem = self._stream.problem()
        if problem:
            self._stream.restart()
            raise _engine.EngineError(problem)


def _checked(samples: ArrayLike) -> NDArray[Any]:
    array = np.asarray(samples)
    if array.dtype not in (np.int16, np.float32):
        raise TypeError(
            f"samples are {array.dtype}, and must be int16, or float32 in -1..1: "
            "convert them, such as with .astype(numpy.float32)"
        )
    if array.ndim != 1:
        raise ValueError(
            f"samples have shape {array.shape}, and must be one channel, (samples,): "
            "take one channel, or the mean"
        )
    return np.ascontiguousarray(array)
