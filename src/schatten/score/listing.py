"""Error lists for people: marked utterances, ranked confusions, speakers; and trn files."""

from collections import Counter
from collections.abc import Iterable, Sequence

from schatten.score.alignment import Aligned
from schatten.score.unknown import Unknown
from schatten.transcripts import Utterance


def marked(aligned: Aligned) -> str:
    """Return an utterance with its errors in place: `call (jon->john) (now->*) (*->please)`."""
    return " ".join(
        said if said == heard else f"({said or '*'}->{heard or '*'})"
        for said, heard in aligned.pairs
    )


def errors_text(aligned: Sequence[Aligned], unknown: Unknown | None) -> str:
    """Return the whole list: utterances with errors, ranked errors, unknown words, speakers."""
    pairs = Counter(pair for each in aligned for pair in each.pairs if pair[0] != pair[1])
    substituted = {f"{said} -> {heard}": n for (said, heard), n in pairs.items() if said and heard}
    deleted = {said: n for (said, heard), n in pairs.items() if not heard}
    inserted = {heard: n for (said, heard), n in pairs.items() if not said}
    words = [] if unknown is None else unknown.lines()
    parts = [
        "Errors are marked (SAID->HEARD); * is no word.",
        _section("Utterances with errors", _utterances(aligned)),
        _section("Substitutions: count, said -> heard", _ranked(substituted)),
        _section("Deletions: count, word", _ranked(deleted)),
        _section("Insertions: count, word", _ranked(inserted)),
        _section("Words out of the lexicon: said, wrong, word", words),
        _section("Speakers: WER %, errors / words, utterances", _speakers(aligned)),
    ]
    return "\n".join(parts)


def _section(title: str, lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in (f"\n{title}", *(list(lines) or ["(none)"])))


def _utterances(aligned: Sequence[Aligned]) -> list[str]:
    return [f"{each.reference.id}:\t{marked(each)}" for each in aligned if each.errors]


def _ranked(counts: dict[str, int]) -> list[str]:
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [f"{count:6d}  {what}" for what, count in ranked]


def _speakers(aligned: Sequence[Aligned]) -> list[str]:
    """Return one line per speaker, the worst first."""
    errors: Counter[str] = Counter()
    words: Counter[str] = Counter()
    utterances = Counter(each.reference.speaker for each in aligned)
    for each in aligned:
        errors[each.reference.speaker] += each.errors
        words[each.reference.speaker] += each.words
    rates = {name: 100.0 * errors[name] / max(words[name], 1) for name in utterances}
    return [
        f"{rates[name]:6.2f}  {errors[name]:5d} / {words[name]:5d}  {utterances[name]:5d}  {name}"
        for name in sorted(rates, key=lambda name: (-rates[name], name))
    ]


def trn_line(words: Iterable[str], utterance: Utterance) -> str:
    """Return a line in sclite's format: `word word (SPEAKER-UTTERANCE)`."""
    return " ".join([*words, f"({utterance.speaker}-{utterance.id})"]) + "\n"
