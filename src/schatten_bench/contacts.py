"""Names that no text of a corpus holds, in utterances that are spoken as a split of it is."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

from schatten.corpus.style.draws import random_of
from schatten.corpus.voicesearch import grammar as grammars
from schatten.corpus.voicesearch.assemble import speak_blocks
from schatten.corpus.voicesearch.grammar import grammar_of
from schatten.corpus.voicesearch.plan import draw_queries, plan_split
from schatten.decode.sound import write_sound
from schatten.errors import UserError
from schatten.grammar.rules import Part, Rule
from schatten.recipe import Recipe
from schatten.recipe.voicesearch import VoiceSearchCorpus

SLOT = "person"
"""The rule of the grammar that a contact replaces."""
_ATTEMPTS = 5000
_BEGIN = ("b", "br", "d", "dr", "f", "g", "h", "j", "k", "kr", "l", "m", "n", "p", "r", "s", "st")
_MORE = ("t", "tr", "v", "z", "sh", "th", "w", "fl", "gr")
_VOWELS = ("a", "e", "i", "o", "u", "a", "e", "o")
_ENDS = ("", "n", "l", "r", "m", "s", "k", "nd", "x", "t", "sky", "mir", "vic", "ton")


@dataclass(frozen=True)
class Contacts:
    """Contacts, and utterances that name one each."""

    names: tuple[str, ...]
    """First and last name with a space between."""
    queries: tuple[str, ...]
    """What is said; the i-th names the i-th contact."""


def draw_contacts(
    recipe: Recipe, known: Collection[str], count: int, split: str = "test"
) -> Contacts:
    """Draw names of which the lexicon has no word, and a query of the recipe's grammar for each.

    Each split has its own, so that a boost is not chosen on those of test.

    Errors: `UserError` for a recipe of another corpus, and a grammar without the rule `person`.
    """
    settings = _settings(recipe)
    rules = grammar_of(recipe, settings.grammar).rules
    if SLOT not in rules:
        raise UserError(
            f"the grammar {settings.grammar} has no rule <{SLOT}>, which contacts take the place "
            "of: take a recipe with the grammar voice_search"
        )
    random = random_of(settings.seed, "contacts", split)
    taken = set(known)
    names, queries = [], []
    for _ in range(count):
        name = f"{_new_name(random, taken)} {_new_name(random, taken)}"
        names.append(name)
        queries.append(_query(rules, name, settings.max_words, random))
    return Contacts(tuple(names), tuple(queries))


def _settings(recipe: Recipe) -> VoiceSearchCorpus:
    if not isinstance(recipe.corpus, VoiceSearchCorpus):
        raise UserError(
            f"{recipe.title}: contacts are spoken for a corpus voicesearch_like alone; take such a "
            "recipe"
        )
    return recipe.corpus


def _new_name(random: Random, taken: set[str]) -> str:
    """Draw a name of two or three syllables that is no word yet, and take it."""
    while True:
        syllables = [
            random.choice(_BEGIN + _MORE) + random.choice(_VOWELS)
            for _ in range(random.choice((2, 2, 3)))
        ]
        name = "".join(syllables) + random.choice(_ENDS)
        if name not in taken:
            taken.add(name)
            return name


def _query(rules: Mapping[str, Rule], name: str, max_words: int, random: Random) -> str:
    """Draw queries until one names a contact."""
    only = Rule(((Part(name, is_rule=False),),), (1,))
    grammar = grammars.Grammar({**rules, SLOT: only}, is_english=True)
    for _ in range(_ATTEMPTS):
        query = grammar.sentence(random)
        if f" {name} " in f" {query} " and query.count(" ") < max_words:
            return query
    raise UserError(f"the grammar names no <{SLOT}> in {_ATTEMPTS} queries: mend its rules")


def speak(
    recipe: Recipe, contacts: Contacts, folder: Path, jobs: int, split: str = "test"
) -> list[Path]:
    """Speak the queries as a split is spoken, with other draws; return WAV files.

    Errors: `UserError` if espeak-ng fails.
    """
    own = _settings(recipe)
    update = {"utterances": len(contacts.queries), "copies": 1}
    spoken = own.spoken[split].model_copy(update=update)
    # Another seed: neither voice, noise nor room of an utterance is that of the split's.
    settings = own.model_copy(update={split: spoken, "seed": own.seed + 1})
    blocks = plan_split(settings, split, contacts.queries)
    train = draw_queries(settings, {"train": grammar_of(recipe, own.grammar)})["train"]
    corpus = folder / "contacts"
    speak_blocks(settings, blocks, train, corpus, (jobs, 1))
    files = []
    for block in blocks:
        for one in block.utterances:
            files.append(folder / f"{one.id}.wav")
            write_sound(corpus / one.copies[0].audio, files[-1])
    return files
