"""Decoding with one graph of CTC topology, lexicon and language model: the exact reference."""
