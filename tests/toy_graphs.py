"""Graphs of the toy task."""

from pathlib import Path

from toy_decoding import UNITS

from schatten.decode.wfst.graph import Graph, read_graph, read_symbols, write_graph
from schatten.lm.acceptor import acceptor
from schatten.units import Units


def toy_graph(path: Path, arpa: Path, lexicon: Path, units: Units = UNITS) -> Graph:
    symbols = read_symbols(lexicon, units)
    grammar = acceptor(arpa, symbols.word_labels, symbols.back_off_word)
    write_graph(path, symbols, grammar)
    return read_graph(path)
