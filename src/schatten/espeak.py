"""espeak-ng's library, called by ctypes: text in, samples or phones out.

The library has one voice at a time. It keeps the last one if it does not know the new one, and
ignores an unknown variant; both are refused here. Its random noise is seeded by the clock unless a
seed is given. The flutter of its pitch depends on what the process has spoken before. So the same
calls with the same seeds give the same samples in a new process, and only there.
"""

import ctypes
import re
from dataclasses import dataclass
from pathlib import Path

import espeakng_loader
import numpy as np
from numpy.typing import NDArray

from schatten.errors import UserError

_SYNCHRONOUS, _POSITION_CHARACTER, _UTF8 = 2, 1, 1
_IPA, _BETWEEN = 0x02, ord("_") << 8
"""Phonemes as IPA, with `_` between two."""
_STRESS = str.maketrans("", "", "ˈˌ")
_SWITCH = re.compile(r"\([a-z0-9-]+\)")
"""A change of language inside a word: `(en)dʒˈiːnz(de)` for the German word `jeans`."""
_RATE, _VOLUME, _PITCH = 1, 2, 3
_QUIET = 30
"""espeak-ng's volume; at its default of 100 some variants clip."""
_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


@dataclass(frozen=True)
class Phones:
    """How a text is pronounced."""

    names: tuple[str, ...]
    """IPA without stress, parted as espeak-ng's own phones are. An affricate and a diphthong are
    one phone, because both halves sound unlike the phones alone; so is a long vowel, because
    length tells words apart (`Stadt` and `Staat` in German)."""
    is_foreign: bool
    """Whether a part is pronounced by the rules of another language."""


class Espeak:
    """The synthesiser; make one per process."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(str(espeakng_loader.get_library_path()))
        self._data = Path(espeakng_loader.get_data_path())
        self.rate = self._library.espeak_Initialize(_SYNCHRONOUS, 0, str(self._data).encode(), 0)
        if self.rate <= 0:
            raise UserError(
                f"espeak-ng cannot read its data in {self._data}: install espeakng-loader again, "
                "in an environment whose path has less than 100 characters"
            )
        self._variants = {path.name for path in (self._data / "voices" / "!v").iterdir()}
        self._samples: list[NDArray[np.int16]] = []
        self._callback = _CALLBACK(self._take)
        self._library.espeak_SetSynthCallback(self._callback)
        self._to_phonemes = self._library.espeak_TextToPhonemes
        self._to_phonemes.restype = ctypes.c_char_p
        self._to_phonemes.argtypes = [ctypes.POINTER(ctypes.c_char_p), ctypes.c_int, ctypes.c_int]

    def _take(self, samples: "ctypes._Pointer[ctypes.c_short]", count: int, _events: int) -> int:
        if samples and count > 0:
            self._samples.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0

    def choose(self, voice: str) -> None:
        """Speak with `ACCENT+VARIANT` from now on.

        Errors: `UserError` if espeak-ng has no such accent or variant.
        """
        accent, _, variant = voice.partition("+")
        if variant not in self._variants:
            known = ", ".join(sorted(name for name in self._variants if " " not in name))
            raise UserError(f"espeak-ng has no variant {variant!r}: choose among {known}")
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise UserError(
                f"espeak-ng has no accent {accent!r}: choose among en, en-us, en-us-nyc, en-029, "
                "en-gb-scotland, en-gb-x-rp, en-gb-x-gbclan, en-gb-x-gbcwmd, or take another of "
                f"its languages: {self._languages()}"
            )

    def _languages(self) -> str:
        """List all languages by their names for `choose`, English ones left out."""
        files = (path for path in (self._data / "lang").rglob("*") if path.is_file())
        return ", ".join(sorted(x.name for x in files if x.name.partition("-")[0] != "en"))

    def phones(self, text: str, language: str) -> Phones:
        """Return the pronunciation of a text in a language of espeak-ng: `en-us`, `de`.

        It depends on nothing that was spoken before. No phones: the text has nothing to say.

        Errors: `UserError` if espeak-ng has no such language.
        """
        if self._library.espeak_SetVoiceByName(language.encode()) != 0:
            raise UserError(
                f"espeak-ng has no language {language!r}: choose among en, en-us, en-gb, "
                f"{self._languages()}"
            )
        rest = ctypes.c_char_p(text.encode())
        clauses = []
        while rest.value:
            found = self._to_phonemes(ctypes.byref(rest), _UTF8, _IPA | _BETWEEN)
            clauses.append((found or b"").decode())
        spoken = " ".join(clauses)
        plain = _SWITCH.sub("_", spoken.translate(_STRESS))
        names = tuple(name for name in re.split(r"[_\s]+", plain) if name)
        return Phones(names, _SWITCH.search(spoken) is not None)

    def speak(
        self, text: str, voice: str, *, rate: int, pitch: int, seed: int
    ) -> NDArray[np.float32]:
        """Return samples in -1 .. 1 at `self.rate` Hz; rate and pitch as in `plan.Spoken`."""
        self._samples.clear()
        self.choose(voice)
        self._library.espeak_ng_SetRandSeed(ctypes.c_long(seed))
        for parameter, value in ((_RATE, rate), (_PITCH, pitch), (_VOLUME, _QUIET)):
            self._library.espeak_SetParameter(parameter, value, 0)
        data = text.encode()
        status = self._library.espeak_Synth(
            data, len(data) + 1, 0, _POSITION_CHARACTER, 0, _UTF8, None, None
        )
        if status != 0 or not self._samples:
            raise RuntimeError(f"espeak-ng returned {status} and no speech for {text!r} ({voice})")
        return np.concatenate(self._samples).astype(np.float32) / 32768.0
