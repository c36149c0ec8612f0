"""The plan of the corpus, what is spoken and how it is distorted: all random draws except samples.

A plan is data. Each process that synthesises reads one block of its utterances.
"""

from collections.abc import Iterator, Mapping, Sequence
from random import Random

from pydantic import BaseModel

from schatten.corpus.style.draws import random_of, seed_of, within
from schatten.corpus.style.plan import Distortion, draw_noise, draw_shares
from schatten.corpus.voicesearch.grammar import Grammar
from schatten.errors import UserError
from schatten.recipe.voicesearch import SpokenSplit, VoiceSearchCorpus

_ATTEMPTS = 2000
"""Draws for one utterance before the grammar is reported as too small."""
BABBLE = "babble"
"""Name of the block of utterances that babble noise is mixed from."""
BABBLE_UTTERANCES = 64


class Copy(Distortion):
    """A recording that is made of an utterance."""

    id: str
    """Names the recording."""
    audio: str
    """Path relative to the corpus's folder."""


class Spoken(BaseModel):
    """An utterance: its words, its voice, and its recordings."""

    id: str
    text: str
    voice: str
    """espeak-ng's name: `en-us+f1`."""
    rate: int
    """espeak-ng's rate, in words per minute as it counts them."""
    pitch: int
    """espeak-ng's pitch, 0 .. 99."""
    vocal_tract: float
    """Factor on formants and pitch."""
    before: float
    """Silence before the speech, in s."""
    after: float
    """Silence after it, in s."""
    voice_seed: int
    """Seed of the voice's own noise, 31 bits."""
    copies: list[Copy]


class Block(BaseModel):
    """The utterances that one process speaks."""

    name: str
    split: str
    utterances: list[Spoken]


def draw_queries(
    settings: VoiceSearchCorpus, grammars: Mapping[str, Grammar]
) -> dict[str, list[str]]:
    """Draw each split's queries, by its grammar; the held-out ones are distinct, in no other split.

    Errors: `UserError` if the grammar has too few queries.
    """
    queries: dict[str, list[str]] = {}
    taken: set[str] = set()
    for split in sorted(grammars, key=settings.is_training):
        queries[split] = []
        for index in range(settings.spoken[split].utterances):
            random = random_of(settings.seed, "query", utterance_id(split, index))
            limit = settings.spoken[split].max_words or settings.max_words
            query = _new_query((grammars[split], settings.grammar_of(split)), limit, taken, random)
            queries[split].append(query)
            if settings.has_own_sentences(split):
                taken.add(query)
    return queries


def _new_query(named: tuple[Grammar, str], max_words: int, taken: set[str], random: Random) -> str:
    grammar, name = named
    for _ in range(_ATTEMPTS):
        query = grammar.sentence(random)
        if query not in taken and query.count(" ") < max_words:
            return query
    raise UserError(
        f"the grammar {name!r} gives too few queries of {max_words} words or "
        "less for dev and test: lower their `utterances`, or raise max_words"
    )


def lm_sentences(
    settings: VoiceSearchCorpus, grammar: Grammar, held_out: set[str]
) -> Iterator[str]:
    """Draw language model text: `lm_sentences` queries, none of them of the held-out splits."""
    random = random_of(settings.seed, "lm")
    for _ in range(settings.lm_sentences):
        yield _new_query((grammar, settings.grammar), settings.max_words, held_out, random)


def more_lm_sentences(
    settings: VoiceSearchCorpus, grammar: Grammar, name: str, held_out: set[str]
) -> Iterator[str]:
    """Draw language model text of a further grammar: `more_lm_sentences` of its sentences."""
    random = random_of(settings.seed, "lm", name)
    spoken = [one.max_words for one in settings.more.values() if one.grammar == name]
    limit = max((one or settings.max_words for one in spoken), default=settings.max_words)
    for _ in range(settings.more_lm_sentences):
        yield _new_query((grammar, name), limit, held_out, random)


def utterance_id(split: str, index: int) -> str:
    """Name an utterance."""
    return f"{split}-{index:06d}"


def plan_split(settings: VoiceSearchCorpus, split: str, queries: Sequence[str]) -> list[Block]:
    """Plan how each query of a split is spoken and distorted, in blocks of a fixed size."""
    spoken = [
        _speak(settings, settings.spoken[split], split, index, query)
        for index, query in enumerate(queries)
    ]
    size = settings.block
    return [
        Block(name=f"{split}-{start:06d}", split=split, utterances=spoken[start : start + size])
        for start in range(0, len(spoken), size)
    ]


def plan_babble(settings: VoiceSearchCorpus, queries: Sequence[str]) -> Block:
    """Plan the clean utterances by training voices that babble is mixed from."""
    voices = SpokenSplit(
        utterances=1, accents=settings.train.accents, variants=settings.train.variants
    )
    clean = settings.model_copy(
        update={
            "noise": settings.noise.model_copy(update={"share": 0.0}),
            "reverberation": settings.reverberation.model_copy(update={"share": 0.0}),
        }
    )
    spoken = [
        _speak(clean, voices, BABBLE, index, query)
        for index, query in enumerate(queries[:BABBLE_UTTERANCES])
    ]
    return Block(name=BABBLE, split=BABBLE, utterances=spoken)


def _speak(
    settings: VoiceSearchCorpus, split: SpokenSplit, name: str, index: int, query: str
) -> Spoken:
    utterance = utterance_id(name, index)
    random = random_of(settings.seed, "voice", utterance)
    return Spoken(
        id=utterance,
        text=query,
        voice=random.choice(split.voices),
        rate=round(within(settings.speaking_rate, random)),
        pitch=round(within(settings.pitch, random)),
        before=within(settings.margin, random),
        after=within(settings.margin, random),
        voice_seed=random.getrandbits(31),
        vocal_tract=within(split.vocal_tract, random),
        copies=[
            _copy(
                settings, name, index, f"{utterance}-{copy:02d}" if split.copies > 1 else utterance
            )
            for copy in range(split.copies)
        ],
    )


def _copy(settings: VoiceSearchCorpus, split: str, index: int, copy_id: str) -> Copy:
    random = random_of(settings.seed, "copy", copy_id)
    noisy, echoing = draw_shares(settings.noise, settings.reverberation, random)
    return Copy(
        id=copy_id,
        audio=f"audio/{split}/{index // settings.block:03d}/{copy_id}.flac",
        level=within(settings.level, random),
        noise=draw_noise(settings.noise, random) if noisy else None,
        room=random.random() if echoing else None,
        noise_seed=seed_of(settings.seed, "noise", copy_id),
    )
