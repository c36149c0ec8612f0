"""Speed and errors of a search against its beam, on one split."""

import time
from pathlib import Path

import kaldialign

from schatten.artifacts import BeamPoint, Beams
from schatten.decode.files import Decoder, SearchFiles
from schatten.decode.logprobs import LogProbs, read_logprobs
from schatten.decode.weights import read_weights
from schatten.recipe.curves import BeamCurve
from schatten.recipe.decoding import Decoding
from schatten.transcripts import Utterance, read_references, require_same_utterances

Found = dict[str, list[str]]
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
    search, chosen = files.search(split.units, settings), read_weights(weights)
    decoders = {beam: search.decoder(chosen, beam) for beam in sorted(set(curve.beams))}
    found: dict[int, Found] = {}
    seconds: dict[int, list[float]] = {beam: [] for beam in decoders}
    for _ in range(curve.rounds):
        for beam, decoder in decoders.items():
            start = time.perf_counter()
            found[beam] = _decode(decoder, split)
            seconds[beam].append(time.perf_counter() - start)
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


def _decode(decoder: Decoder, split: LogProbs) -> Found:
    return {name: decoder.words(values) for name, values in split}


def _wer(found: Found, references: list[Utterance]) -> float:
    pairs = [(list(each.words), found[each.id]) for each in references]
    errors = sum(kaldialign.edit_distance(*pair)["total"] for pair in pairs)
    return round(100.0 * errors / max(1, sum(len(said) for said, _ in pairs)), 4)


def _differing(found: Found, widest: Found) -> int:
    return sum(words != widest[name] for name, words in found.items())
