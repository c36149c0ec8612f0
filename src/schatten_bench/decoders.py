"""The engine's search beside flashlight-text's: word error rate and time on the same input."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import kaldialign

from schatten.decode.engine_search import EngineSearch, EngineWords
from schatten.decode.logprobs import LogProbs, read_logprobs
from schatten.decode.search import LexiconSearch
from schatten.decode.weights import Weights, read_weights
from schatten.recipe.decoding import Decoding
from schatten.transcripts import Utterance, read_references, require_same_utterances


@dataclass(frozen=True)
class DecoderInputs:
    """Files that both decoders read, and the program of the engine's search."""

    logprobs: Path
    cuts: Path
    lm: Path
    lexicon: Path
    weights: Path
    program: Path
    """The engine's decode_logprobs."""
    look_ahead: Path | None = None
    """A first-pass model for the engine, which then searches without and with it."""


@dataclass(frozen=True)
class LookAheadTimes:
    """The engine with a first-pass model, whose unigrams guide it inside of words."""

    wer: float
    seconds: float
    """CPU time of the fastest round, in seconds."""
    megabytes: float
    same: float
    """Share of utterances with the same words as without a first-pass model."""


@dataclass(frozen=True)
class DecodersCompared:
    """Word error rates (%) and times of both decoders at a beam."""

    beam: int
    engine_wer: float
    flashlight_wer: float
    engine_seconds: float
    """CPU time of the fastest round, in seconds."""
    flashlight_seconds: float
    same: float
    """Share of utterances with the same words."""
    engine_megabytes: float
    """Memory of language model, lexicon and search."""
    look_ahead: LookAheadTimes | None
    """The engine with a first-pass model; None if none was given."""

    @property
    def points(self) -> float:
        """Points of WER that the engine has more than flashlight-text."""
        return self.engine_wer - self.flashlight_wer

    @property
    def faster(self) -> float:
        """How many times faster the engine is."""
        return self.flashlight_seconds / self.engine_seconds


def time_decoders(
    inputs: DecoderInputs, settings: Decoding, beams: Sequence[int], rounds: int
) -> list[DecodersCompared]:
    """Decode with both at each of `beams` and return what each took, with one thread.

    The decoders take turns; the fastest of `rounds` counts. Errors: `UserError` if the
    log-probabilities and the cuts are of different utterances.
    """
    split = read_logprobs(inputs.logprobs)
    references = read_references(inputs.cuts)
    require_same_utterances(
        split.ids, inputs.logprobs, [each.id for each in references], inputs.cuts
    )
    weights = read_weights(inputs.weights)
    return [
        _time_at_beam(inputs, one, split, weights, references, rounds)
        for one in (settings.model_copy(update={"beam": beam}) for beam in beams)
    ]


def _time_at_beam(
    inputs: DecoderInputs,
    settings: Decoding,
    split: LogProbs,
    weights: Weights,
    references: list[Utterance],
    rounds: int,
) -> DecodersCompared:
    alone = EngineSearch(inputs.program, inputs.lexicon, inputs.lm, settings)
    guided = replace(alone, look_ahead=inputs.look_ahead) if inputs.look_ahead else None
    flashlight = LexiconSearch(inputs.lexicon, inputs.lm, split.units, settings).decoder(weights)
    engine_seconds, flashlight_seconds, ahead = [], [], []
    for _ in range(rounds):
        ours = alone.decode(split, weights)
        ahead += [guided.decode(split, weights)] if guided else []
        start = time.process_time()
        theirs = {name: flashlight.words(values) for name, values in split}
        flashlight_seconds.append(time.process_time() - start)
        engine_seconds.append(ours.seconds)
    return DecodersCompared(
        settings.beam,
        _wer(ours.words, references),
        _wer(theirs, references),
        min(engine_seconds),
        min(flashlight_seconds),
        sum(ours.words[name] == theirs[name] for name in split.ids) / len(split),
        ours.megabytes,
        _ahead(ahead, ours, references) if ahead else None,
    )


def _ahead(
    rounds: Sequence[EngineWords], alone: EngineWords, references: list[Utterance]
) -> LookAheadTimes:
    words = rounds[0].words
    return LookAheadTimes(
        _wer(words, references),
        min(decoded.seconds for decoded in rounds),
        rounds[0].megabytes,
        sum(words[name] == alone.words[name] for name in words) / len(words),
    )


def _wer(words: Mapping[str, list[str]], references: list[Utterance]) -> float:
    pairs = [(list(each.words), words[each.id]) for each in references]
    errors = sum(kaldialign.edit_distance(*pair)["total"] for pair in pairs)
    return 100.0 * float(errors) / sum(len(each.words) for each in references)


def as_lines(compared: Sequence[DecodersCompared]) -> list[str]:
    """Return the lines of a readable table: each beam, then speed at equal word error rate."""
    head = "beam  WER engine  WER flashlight  points  s engine  s flashlight  faster"
    return [
        f"{head}  same words  MB engine",
        *(
            f"{o.beam:4d}  {o.engine_wer:10.2f}  {o.flashlight_wer:14.2f}  {o.points:+6.2f}"
            f"  {o.engine_seconds:8.3f}  {o.flashlight_seconds:12.3f}  {o.faster:5.1f}x"
            f"  {100 * o.same:8.1f} %  {o.engine_megabytes:9.1f}"
            for o in compared
        ),
        *_at_equal_wer(compared),
        *_guided(compared),
    ]


def _guided(compared: Sequence[DecodersCompared]) -> list[str]:
    """Compare the engine with a first-pass model with the engine without one."""
    pairs = [(o, o.look_ahead) for o in compared if o.look_ahead is not None]
    if not pairs:
        return []
    head = "beam  WER alone  WER look-ahead  s alone  s look-ahead  MB alone  MB look-ahead"
    return [
        f"{head}  same words",
        *(
            f"{o.beam:4d}  {o.engine_wer:9.2f}  {a.wer:14.2f}  {o.engine_seconds:7.3f}"
            f"  {a.seconds:12.3f}  {o.engine_megabytes:8.1f}  {a.megabytes:13.1f}"
            f"  {100 * a.same:8.1f} %"
            for o, a in pairs
        ),
    ]


def _at_equal_wer(compared: Sequence[DecodersCompared]) -> list[str]:
    """Compare each of flashlight's results with the engine's fastest that is not worse."""
    lines = []
    for theirs in compared:
        fit = [o for o in compared if o.engine_wer <= theirs.flashlight_wer]
        if fit:
            ours = min(fit, key=lambda o: o.engine_seconds)
            times = theirs.flashlight_seconds / ours.engine_seconds
            lines.append(
                f"flashlight at beam {theirs.beam} ({theirs.flashlight_wer:.2f} %): the engine at "
                f"beam {ours.beam} ({ours.engine_wer:.2f} %) is {times:.1f} times faster"
            )
    return lines
