"""A back-off model as a dictionary, and entropy pruning by its formulas: slow, for tests only."""

import math


def load(path):
    """Return {words: [log10 probability, log10 back-off weight or None]}."""
    found = {}
    for line in path.read_text().splitlines():
        fields = line.split("\t")
        if len(fields) > 1:
            bow = float(fields[2]) if len(fields) > 2 else None
            found[tuple(fields[1].split())] = [float(fields[0]), bow]
    return found


def logprob(model, word, context):
    """Return the base-10 logarithm of P(word | context)."""
    ngram = (*context, word)
    if ngram in model:
        return model[ngram][0]
    bow = model.get(context, [0, None])[1] or 0.0
    return bow + logprob(model, word, context[1:])


def words(model):
    """Return what can follow a history."""
    return [ngram[0] for ngram in model if len(ngram) == 1 and ngram[0] != "<s>"]


def total(model, context):
    """Return the sum of P(word | context) over all words."""
    return sum(10 ** logprob(model, word, context) for word in words(model))


def contexts(model):
    """Return every history with a back-off weight."""
    return [ngram for ngram, (_, bow) in model.items() if bow is not None]


def history_logprob(model, context):
    """Return the natural logarithm of the probability of a history's words, one by one."""
    first = "</s>" if context[0] == "<s>" else context[0]
    found = logprob(model, first, ())
    for at in range(1, len(context)):
        found += logprob(model, context[at], context[:at])
    return found * math.log(10)


def increase(model, ngram, history):
    """Return the relative increase of perplexity without an n-gram: Stolcke (1998), eq. 3 to 8.

    The change of every word's probability after the context is summed up, one word at a time.
    """
    context = ngram[:-1]
    after = [n for n in model if len(n) == len(ngram) and n[:-1] == context and n != ngram]
    left = 1 - sum(10 ** model[n][0] for n in after)
    lower = 1 - sum(10 ** logprob(model, n[-1], context[1:]) for n in after)
    divergence = 0.0
    for word in words(model):
        old = logprob(model, word, context)
        new = old
        if (*context, word) not in after:
            new = math.log10(left / lower) + logprob(model, word, context[1:])
        divergence += 10**old * (old - new) * math.log(10)
    return math.expm1(math.exp(history_logprob(history, context)) * divergence)


def prune(model, threshold, history=None):
    """Return the n-grams that stay, longest first."""
    kept = set(model)
    longest = max(map(len, model))
    for length in range(longest, 1, -1):
        hung = {n[:-1] for n in kept if len(n) > length}
        hung = {n[at:] for n in hung for at in range(len(n))}
        for ngram in [n for n in model if len(n) == length]:
            small = increase(model, ngram, history or model) < threshold
            if small and ngram not in hung:
                kept.remove(ngram)
    return kept
