"""The validator's report as lines for a person."""

from collections.abc import Iterator, Mapping

from schatten.artifacts import Validation
from schatten.corpus.validate import NAMED


def lines(report: Validation, strides: Mapping[str, int]) -> Iterator[str]:
    """Yield a line per split and one per warning.

    `strides`: feature frames per output frame, by model.
    """
    for split, size in report.splits.items():
        yield (
            f"{split}: {size.hours:.2f} h, {size.utterances} utterances, "
            f"{size.words} words, {size.speakers} speakers"
        )
    for name, counts in (report.text_files or {}).items():
        yield f"{name}: {counts.lines} lines used, {counts.left_out} left out"
    for reason, count in (report.left_out or {}).items():
        yield f"{count} utterances left out: {reason}"
    for split, count in (report.transcripts_in_lm_text or {}).items():
        if count:
            yield f"{split}: {count} transcripts are also lines of the language model text"
    if silent := report.silent_recordings:
        yield f"{len(silent)} recordings are silent: {_named(silent, len(silent))}"
    for model, stride in strides.items():
        for split, found in (report.too_long_for_ctc or {}).get(str(stride), {}).items():
            yield (
                f"{split}: {found.utterances} utterances have more characters than {model} has "
                f"output frames: {_named(found.first, found.utterances)}"
            )


def _named(names: list[str], count: int) -> str:
    return ", ".join(names[:NAMED]) + (", ..." if count > NAMED else "")
