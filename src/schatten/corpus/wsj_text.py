"""Wall Street Journal transcripts: `.dot` files and the marks of their detailed transcription.

The marks are those of the discs' dot_spec.doc: `[noise]`, `[<noise]`, `[noise>]`, `[noise/]` and
`[/noise]` for noises, `<word>` for a word said and taken back, `*word*` for one mispronounced,
`!word` for emphasis, `wo:rd` for a sound drawn out, `re(port)-` for a word broken off, `~` for an
utterance cut off, ` . ` for a pause, `\\` before punctuation that is not spoken.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from schatten.errors import UserError
from schatten.runtime.files import as_text, lines_of

_LINE = re.compile(r"^(.*?)\s*\((\w+)\)\s*$")
_NOISE = re.compile(r"\[[^\]\s]*\]")
_UNSPOKEN = re.compile(r"\(\w+\)(?=-)|(?<=-)\(\w+\)")
_MARKS = re.compile(r"[~*<>!:]")
_PUNCTUATION = re.compile(
    r"^[^\w\s']+(?:\w+-)*(?:quotes?|unquote|parens?|parentheses|braces?|brackets?|comma|period|"
    r"dash|hyphen|ellipsis|colon|slash|mark|exclamation-point|full-stop)$",
    re.IGNORECASE,
)
_SIGN = re.compile(r"^[%&.#/+$]+(?=\w)")


def words_of(transcript: str) -> str:
    """Return what was said: noises and marks are removed, spoken punctuation is written out."""
    spoken = _NOISE.sub(" ", transcript.replace("\\", ""))
    return " ".join(filter(None, (_word(token) for token in spoken.split())))


def has_verbalised_punctuation(transcript: str) -> bool:
    """Tell whether punctuation was read out: a word such as `,COMMA` or `--DASH`."""
    return any(_PUNCTUATION.match(token) for token in transcript.replace("\\", "").split())


def _word(token: str) -> str:
    if _PUNCTUATION.match(token):
        return token.lstrip("\"'`.,:;?!(){}[]/&#%-").replace("-", " ")
    token = _MARKS.sub("", _UNSPOKEN.sub("", token))
    token = _SIGN.sub("", token)
    return token if any(character.isalnum() for character in token) else ""


def disc_text(path: Path) -> str:
    """Return the text of a file of the discs, whatever ends its lines.

    Errors: `UserError` if it cannot be read.
    """
    try:
        text = as_text(path.read_bytes(), path, "latin-1")
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}): copy the disc anew") from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_transcripts(dots: Iterable[Path]) -> dict[str, dict[str, str]]:
    """Return the transcripts of `.dot` files (lines `TEXT (UTTERANCE)`), unchanged.

    The inner keys are utterance ids in lower case; the outer ones say where the file lies, as
    `set/speaker` (`si_tr_s/01i`), since a few ids occur in several sets.
    """
    found: dict[str, dict[str, str]] = {}
    for path in dots:
        place = "/".join(path.parts[-3:-1]).lower()
        for line in lines_of(disc_text(path)):
            if match := _LINE.match(line):
                found.setdefault(place, {})[match[2].lower()] = match[1]
    return found


def lm_lines(text: str) -> list[str]:
    """Return the sentences of the discs' language model text; lines of mark-up are left out."""
    return [words_of(line) for line in lines_of(text) if line.strip() and "<" not in line]
