"""Streaming speech recognition: sound goes in as it comes, text comes out as it is known.

from schatten_engine import Recognizer

recognizer = Recognizer("voice")             # a folder that `schatten bundle` or `pack` wrote
stream = recognizer.stream(silence=0.8)      # an utterance ends after a pause of 0.8 s
for samples in chunks:                       # 16 kHz, int16 or float32, of any length
    for utterance in stream.accept(samples):
        print(utterance.text)
print(stream.finish().text)
"""

from schatten_engine import _engine
from schatten_engine._engine import EngineError
from schatten_engine.recognizer import SAMPLE_RATE, Gate, Info, Recognizer, SearchOptions
from schatten_engine.stream import Alternative, Statistics, Stream, Utterance, Word

EngineError.__module__ = __name__
__version__ = _engine.version()
__all__ = [
    "SAMPLE_RATE",
    "Alternative",
    "EngineError",
    "Gate",
    "Info",
    "Recognizer",
    "SearchOptions",
    "Statistics",
    "Stream",
    "Utterance",
    "Word",
]
