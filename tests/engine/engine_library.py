"""The engine's C interface (arm/engine/schatten.h) from Python, to compare it with torch."""

import ctypes
from ctypes import (
    POINTER,
    c_char_p,
    c_double,
    c_float,
    c_int,
    c_int16,
    c_size_t,
    c_uint64,
    c_void_p,
)

import numpy as np

OBSERVER = ctypes.CFUNCTYPE(None, c_void_p, POINTER(c_float), c_int)


class Info(ctypes.Structure):
    _fields_ = [
        ("units", c_int),
        ("bins", c_int),
        ("is_int8", c_int),
        ("parameters", c_uint64),
        ("packed_bytes", c_size_t),
        ("seconds_per_frame", c_double),
        ("latency_seconds", c_double),
    ]


class Options(ctypes.Structure):
    _fields_ = [
        ("size", c_size_t),
        ("batch_frames", c_int),
        ("silence_seconds", c_double),
        ("maximum_seconds", c_double),
        ("lm", c_void_p),
        ("lm_weight", c_double),
        ("word_bonus", c_double),
        ("beam_threshold", c_double),
        ("beam", c_int),
        ("token_beam", c_int),
        ("alternatives", c_int),
        ("temperature", c_double),
        ("on_features", OBSERVER),
        ("on_logprobs", OBSERVER),
        ("user", c_void_p),
        ("gate_decibels", c_double),
        ("gate_evidence", c_double),
    ]


class LmFiles(ctypes.Structure):
    _fields_ = [(name, c_char_p) for name in ("binary", "lexicon", "look_ahead", "manifest")]


class Vocabulary(ctypes.Structure):
    _fields_ = [("words", c_int), ("known", c_int)]


class Word(ctypes.Structure):
    _fields_ = [
        ("offset", c_int),
        ("length", c_int),
        ("start", c_double),
        ("end", c_double),
        ("confidence", c_double),
    ]


class Scored(ctypes.Structure):
    _fields_ = [("text", c_char_p), ("score", c_double), ("posterior", c_double)]


class Statistics(ctypes.Structure):
    _fields_ = [
        (f"{name}_seconds", c_double) for name in ("audio", "feature", "acoustic", "decoder")
    ]


SIGNATURES = {
    "schatten_version": (c_char_p, []),
    "schatten_model_open": (c_void_p, [c_char_p, c_char_p, c_size_t]),
    "schatten_model_open_memory": (c_void_p, [c_void_p, c_size_t, c_char_p, c_size_t]),
    "schatten_model_close": (None, [c_void_p]),
    "schatten_model_info": (Info, [c_void_p]),
    "schatten_model_unit": (c_char_p, [c_void_p, c_int]),
    "schatten_lm_open": (c_void_p, [c_void_p, POINTER(LmFiles), c_char_p, c_size_t]),
    "schatten_lm_vocabulary": (Vocabulary, [c_void_p]),
    "schatten_lm_close": (None, [c_void_p]),
    "schatten_check": (c_int, [c_char_p, c_char_p, c_char_p, c_size_t]),
    "schatten_score": (c_double, [c_void_p]),
    "schatten_options_default": (None, [c_void_p, c_size_t]),
    "schatten_gate": (c_int, [c_char_p, c_void_p, c_char_p, c_size_t]),
    "schatten_stream_open": (c_void_p, [c_void_p, c_void_p, c_char_p, c_size_t]),
    "schatten_stream_words": (c_int, [c_void_p, c_char_p, c_size_t, c_char_p, c_size_t]),
    "schatten_alternative_count": (c_int, [c_void_p]),
    "schatten_alternative": (Scored, [c_void_p, c_int]),
    "schatten_stream_close": (None, [c_void_p]),
    "schatten_accept": (c_size_t, [c_void_p, POINTER(c_int16), c_size_t]),
    "schatten_accept_float": (c_size_t, [c_void_p, POINTER(c_float), c_size_t]),
    "schatten_finish": (None, [c_void_p]),
    "schatten_ended": (c_int, [c_void_p]),
    "schatten_problem": (c_char_p, [c_void_p]),
    "schatten_restart": (None, [c_void_p]),
    "schatten_text": (c_char_p, [c_void_p]),
    "schatten_word_count": (c_int, [c_void_p]),
    "schatten_words": (POINTER(Word), [c_void_p]),
    "schatten_stream_statistics": (Statistics, [c_void_p]),
    "schatten_asleep_seconds": (c_double, [c_void_p]),
    "schatten_evidence": (c_double, [c_void_p]),
}


class Engine:
    """The shared library."""

    def __init__(self, path):
        self.library = ctypes.CDLL(str(path))
        for name, (result, arguments) in SIGNATURES.items():
            function = getattr(self.library, name)
            function.restype, function.argtypes = result, arguments

    def open(self, path):
        error = ctypes.create_string_buffer(512)
        model = self.library.schatten_model_open(str(path).encode(), error, len(error))
        if not model:
            raise ValueError(error.value.decode())
        return Model(self.library, model)

    @property
    def version(self):
        return self.library.schatten_version().decode()

    def open_memory(self, data, length=None):
        """Open the bytes of a model file, or `length` of them at an address."""
        error = ctypes.create_string_buffer(512)
        arguments = data, len(data) if length is None else length, error, len(error)
        model = self.library.schatten_model_open_memory(*arguments)
        if not model:
            raise ValueError(error.value.decode())
        return Model(self.library, model)

    def check(self, manifest, path):
        """Compare a file with a bundle's manifest; raise what differs."""
        error = ctypes.create_string_buffer(512)
        names = [str(name).encode() for name in (manifest, path)]
        if not self.library.schatten_check(*names, error, len(error)):
            raise ValueError(error.value.decode())

    def gate(self, manifest):
        """Return the thresholds of a bundle's gate: decibels, evidence."""
        error, options = ctypes.create_string_buffer(512), Options()
        self.library.schatten_options_default(ctypes.byref(options), ctypes.sizeof(options))
        name = None if manifest is None else str(manifest).encode()
        if not self.library.schatten_gate(name, ctypes.byref(options), error, len(error)):
            raise ValueError(error.value.decode())
        return options.gate_decibels, options.gate_evidence


class Model:
    """An open model."""

    def __init__(self, library, handle):
        self.library, self.handle = library, handle

    def __del__(self):
        self.library.schatten_model_close(self.handle)

    @property
    def info(self):
        return self.library.schatten_model_info(self.handle)

    @property
    def units(self):
        names = (self.library.schatten_model_unit(self.handle, i) for i in range(self.info.units))
        return [name.decode() for name in names]

    def language_model(self, binary, lexicon, look_ahead=None, manifest=None):
        return LanguageModel(self, binary, lexicon, look_ahead, manifest)

    def stream(self, **options):
        return Stream(self, options)


class LanguageModel:
    """A language model for a model's streams."""

    def __init__(self, model, *files):
        self.library = model.library
        error = ctypes.create_string_buffer(512)
        names = [None if file is None else str(file).encode() for file in files]
        self.handle = self.library.schatten_lm_open(
            model.handle, ctypes.byref(LmFiles(*names)), error, len(error)
        )
        if not self.handle:
            raise ValueError(error.value.decode())

    def __del__(self):
        self.library.schatten_lm_close(self.handle)

    @property
    def vocabulary(self):
        """How many words the lexicon has, and how many of them the language model knows."""
        found = self.library.schatten_lm_vocabulary(self.handle)
        return found.words, found.known


class Stream:
    """One stream, which keeps every frame of features and log-probabilities."""

    def __init__(self, model, options):
        self.model, self.library = model, model.library
        self.features, self.logprobs = [], []
        self.options = Options()
        self.library.schatten_options_default(
            ctypes.byref(self.options), ctypes.sizeof(self.options)
        )
        self.options.on_features = OBSERVER(lambda _, v, n: self.features.append(list(v[:n])))
        self.options.on_logprobs = OBSERVER(lambda _, v, n: self.logprobs.append(list(v[:n])))
        self.language_model = options.pop("lm", None)
        if self.language_model:
            self.options.lm = self.language_model.handle
        for name, value in options.items():
            setattr(self.options, name, value)
        error = ctypes.create_string_buffer(512)
        self.handle = self.library.schatten_stream_open(
            model.handle, ctypes.byref(self.options), error, len(error)
        )
        if not self.handle:
            raise ValueError(error.value.decode())

    def __del__(self):
        self.library.schatten_stream_close(self.handle)

    def accept(self, samples):
        """Take samples in -1..1 where they are fp32, else 16-bit ones."""
        if getattr(samples, "dtype", None) == np.float32:
            samples = np.ascontiguousarray(samples)
            pointer = samples.ctypes.data_as(POINTER(c_float))
            return self.library.schatten_accept_float(self.handle, pointer, len(samples))
        samples = np.ascontiguousarray(samples, dtype=np.int16)
        pointer = samples.ctypes.data_as(POINTER(c_int16))
        return self.library.schatten_accept(self.handle, pointer, len(samples))

    def finish(self):
        self.library.schatten_finish(self.handle)

    def restart(self):
        self.library.schatten_restart(self.handle)

    @property
    def ended(self):
        return bool(self.library.schatten_ended(self.handle))

    @property
    def problem(self):
        return self.library.schatten_problem(self.handle).decode()

    @property
    def text(self):
        return self.library.schatten_text(self.handle).decode()

    @property
    def score(self):
        return self.library.schatten_score(self.handle)

    @property
    def words(self):
        raw = self.library.schatten_text(self.handle)
        words = self.library.schatten_words(self.handle)
        found = [words[i] for i in range(self.library.schatten_word_count(self.handle))]
        return [
            (raw[word.offset : word.offset + word.length].decode(), word.start, word.end)
            for word in found
        ]

    def set_words(self, lines):
        """Give the stream words of its own; None: none. Raise why they cannot be used."""
        error = ctypes.create_string_buffer(512)
        content = None if lines is None else lines.encode()
        if not self.library.schatten_stream_words(
            self.handle, content, len(content or b""), error, len(error)
        ):
            raise ValueError(error.value.decode())

    @property
    def confidences(self):
        words = self.library.schatten_words(self.handle)
        return [words[i].confidence for i in range(self.library.schatten_word_count(self.handle))]

    @property
    def alternatives(self):
        """Texts with their scores and posteriors, the best one first."""
        count = self.library.schatten_alternative_count(self.handle)
        assert self.library.schatten_alternative(self.handle, count).text is None
        found = [self.library.schatten_alternative(self.handle, i) for i in range(count)]
        return [(one.text.decode(), one.score, one.posterior) for one in found]

    def whole(self, samples, chunk=None):
        """Recognise samples in chunks; return features and log-probabilities."""
        for start in range(0, len(samples), chunk or max(1, len(samples))):
            part = samples[start : start + (chunk or len(samples))]
            assert self.accept(part) == len(part)
        self.finish()
        return np.array(self.features, np.float32), np.array(self.logprobs, np.float32)

    @property
    def statistics(self):
        return self.library.schatten_stream_statistics(self.handle)

    @property
    def evidence(self):
        return self.library.schatten_evidence(self.handle)

    @property
    def asleep(self):
        """Seconds for which the acoustic model slept."""
        return self.library.schatten_asleep_seconds(self.handle)


def same_in_any_chunks(model, lm, sound, **options):
    """Recognise sound whole, and in chunks of other sizes with the same words; return the first."""
    whole = model.stream(lm=lm, **options)
    whole.whole(sound)
    for chunk, batch in ((1, 4), (159, 1), (1777, 3)):
        again = model.stream(lm=lm, batch_frames=batch, **options)
        again.whole(sound, chunk)
        assert (again.text, again.words, again.score) == (whole.text, whole.words, whole.score)
    return whole
