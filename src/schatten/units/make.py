"""Makes a set of units: its inventory, and the spellings of a corpus's words."""

from collections.abc import Callable, Sequence
from pathlib import Path

from schatten.artifacts import Inventory
from schatten.errors import UserError
from schatten.letters import composed
from schatten.recipe.units import Grams, Phones, Pieces
from schatten.runtime.files import sha256
from schatten.units import grams, phones, pieces
from schatten.units.inventory import BLANK, SPACE, Units
from schatten.units.words import count_words, origins_of, write_words


def make_units(
    settings: Phones | Pieces | Grams,
    name: str,
    texts: Sequence[Path],
    train_text: Path,
    output: Path,
    folder: Path = Path(),
    in_case: Callable[[str], str] = composed,
    alphabet: str = "",
) -> Inventory:
    """Write `inventory.json` and `words.NAME.tsv` to `output`, and return the first.

    The words are those of `texts` and of `train_text`, the transcripts that pieces and grams are
    learned from. `folder` is the recipe's: a lexicon of the user's own is relative to it, and its
    words are brought to the transcripts' form by `in_case`. `alphabet`: the letters of the recipe's
    texts, which are units beside grams.

    Errors: `UserError` for words that cannot be spelled.
    """
    training = count_words([train_text])
    words = training.keys() | count_words(texts).keys()
    if not words:
        raise UserError(f"{train_text} holds no words: make the corpus again")
    if isinstance(settings, Phones):
        names, spelled = phones.spell(words, settings, folder, in_case)
    elif isinstance(settings, Pieces):
        names, spelled = pieces.spell(words, training, settings.count)
    else:
        names, spelled = grams.spell(words, training, alphabet, settings)
    separator = SPACE if isinstance(settings, Grams) else None
    try:
        units = Units(settings.type, (BLANK, *names), separator)
    except ValueError as error:
        own = getattr(settings, "lexicon", None)
        where = train_text if own is None else folder / own
        raise UserError(f"{where} gives units {name} of no use ({error}): change it") from None
    write_words(output / f"words.{name}.tsv", spelled)
    inventory = Inventory(
        name=name,
        kind=units.kind,
        names=list(units.names),
        separator=units.separator,
        language=settings.language if isinstance(settings, Phones) else None,
        words=f"words.{name}.tsv",
        words_sha256=sha256(output / f"words.{name}.tsv"),
        word_count=len(spelled),
        origins=origins_of(spelled),
    )
    inventory.write(output / "inventory.json")
    return inventory
