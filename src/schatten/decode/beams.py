"""Speed and errors of a search against its beam, on one split."""

from pathlib import Path

import kaldialign

from schatten.artifacts import BeamPoint, Beams
from schatten.decode.files import SearchFiles
from schatten.decode.logprobs import read_logprobs
from schatten.decode.weights import read_weights
from schatten.recipe.curves import BeamCurve
from schatten.recipe.decoding import Decoding
from schatten.transcripts import Utterance, read_references, require_same_utterances

Words = dict[str, list[str]]
"""Words by utterance."""


def measure(
    logprobs: Path,
    cuts: Path,
    files: SearchFiles,
    weights: Path,
    settings: Decoding,
    curve: BeamCurve,
) -> Beams:
    """Decode a split with each beam, in rotation; return the content of `beams.json`.

    The times are of one thread of this machine, without the acoustic model.
    """
    split, references = read_logprobs(logprobs), read_references(cuts)
    require_same_utterances(split.ids, logprobs, [each.id for each in references], cuts)
    chosen = read_weights(weights)
    found: dict[int, Words] = {}
    seconds: dict[int, list[float]] = {beam: [] for beam in sorted(set(curve.beams))}
    with files.opened(split, settings) as search:
        for _ in range(curve.rounds):
            for beam, times in seconds.items():
                decoded = search.decode(chosen, beam)
                found[beam] = decoded.words
                times.append(decoded.seconds)
    widest = found[max(found)]
    points = [
        BeamPoint(
            beam=beam,
            wer=_wer(found[beam], references),
            differing=_differing(found[beam], widest),
            seconds=min(times),
        )
        for beam, times in seconds.items()
    ]
    return Beams(
        utterances=len(split),
        seconds_of_audio=split.seconds,
        rounds=curve.rounds,
        beams=points,
    )


def _wer(found: Words, references: list[Utterance]) -> float:
    pairs = [(list(each.words), found[each.id]) for each in references]
    errors = sum(kaldialign.edit_distance(*pair)["total"] for pair in pairs)
    return round(100.0 * errors / max(1, sum(len(said) for said, _ in pairs)), 4)


def _differing(found: Words, widest: Words) -> int:
    return sum(words != widest[name] for name, words in found.items())
