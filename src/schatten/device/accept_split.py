"""Command acceptance on a split of synthetic speech, whose words the engine wrote before."""

from pathlib import Path

from schatten.artifacts import Acceptance, Manifest
from schatten.corpus.voicesearch.grammar import grammar_of as named_grammar
from schatten.device.commands import levels_of
from schatten.errors import UserError
from schatten.grammar import Grammar
from schatten.grammar.slots import Parser
from schatten.recipe import Recipe
from schatten.recipe.commands import CommandRecordings, Commands
from schatten.recipe.corpus import that_speaks
from schatten.score.commands import Heard, Slots, accepted
from schatten.transcripts import (
    conditions_path,
    read_conditions,
    read_hypotheses,
    read_references,
    says_noise,
)


def commands_of(recipe: Recipe) -> Commands:
    """Return the recipe's `commands`; `UserError` if it has none."""
    if recipe.commands is None:
        raise UserError(f"{recipe.title} has no `commands`: write the key into its YAML")
    return recipe.commands


def recordings_of(recipe: Recipe) -> CommandRecordings:
    """Return the recordings that commands are tested on; `UserError` if it has none."""
    found = commands_of(recipe).recordings
    if found is None:
        raise UserError(f"{recipe.title} has no commands.recordings: write the key into its YAML")
    return found


def grammar_of(recipe: Recipe) -> Grammar:
    """Return the grammar of the recipe's commands: that of its synthetic speech."""
    corpus = that_speaks(recipe.corpus)
    if corpus is None:
        raise UserError(f"{recipe.title}: commands need a corpus that speaks a grammar")
    return named_grammar(recipe, corpus.grammar)


def accept_split(recipe: Recipe, cuts: Path, words: Path, manifest: Path) -> Acceptance:
    """Return the acceptance of a split's commands, by their level above the noise.

    `words`: what the engine heard, in int8. `SPLIT.conditions.jsonl.gz` beside `cuts` says what the
    noise was. Errors: `UserError` for missing or damaged files.
    """
    slots = Slots(Parser(grammar_of(recipe)))
    heard, said = read_hypotheses(words), read_references(cuts)
    rows = read_conditions(cuts)
    noises = {name: row["noise"] for name, row in rows.items() if says_noise(row)}
    if silent := [one.id for one in said if one.id not in noises]:
        raise UserError(
            f"{conditions_path(cuts)} does not say which noise {silent[0]} has: commands are "
            "accepted on a test split of synthetic speech alone, so put recordings into another"
        )
    snrs = [None if noises[one.id] is None else noises[one.id]["snr"] for one in said]
    levels = levels_of(snrs, commands_of(recipe).levels)
    pairs = sorted(zip(levels, said, strict=True), key=lambda pair: levels_order(pair[0]))
    counted = [
        Heard(level, slots.of(one.words).slots, heard[one.id], one.words) for level, one in pairs
    ]
    return Acceptance(
        speech="synthetic speech of unheard voices",
        trained_on=False,
        speakers=len({one.speaker for one in said}),
        levels=accepted(counted, slots),
        bytes=Manifest.read(manifest).bytes,
    )


def levels_order(level: str) -> tuple[int, float]:
    """Return where a level stands: clean first, then from the loudest noise to the softest."""
    numbers = [float(word) for word in level.split() if word.replace(".", "").isdigit()]
    return (0, 0.0) if not numbers else (1 + ("more" in level), numbers[0])
