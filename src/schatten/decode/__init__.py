"""From log-probabilities to words: greedy, or lexicon prefix beam search with a language model.

Nothing here imports torch: there are some hundred small decoding jobs in an experiment.
"""
