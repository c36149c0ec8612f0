"""The process that speaks one block: `python -m schatten.corpus.voicesearch.block JOB DONE`.

It must be a new process: espeak-ng's samples depend on what it spoke before in the same process.
JOB is a JSON file (a `Job`). The file DONE is written last, and means that all recordings exist.
"""

from collections.abc import Iterator
from pathlib import Path

from schatten.corpus.style import distortion, processes
from schatten.corpus.style.distortion import Signal
from schatten.corpus.style.sounds import Sounds, distort, write_flac
from schatten.corpus.voicesearch.plan import Block, Spoken
from schatten.espeak import Espeak


class Job(processes.Job):
    """A block of utterances, and what they are made with."""

    block: Block
    module = "schatten.corpus.voicesearch.block"
    step = "synthesis"
    doing = "speaking"

    @property
    def name(self) -> str:
        """The block's name."""
        return self.block.name

    @property
    def makes(self) -> Iterator[str]:
        """Yield the paths of its recordings."""
        for utterance in self.block.utterances:
            yield from (copy.audio for copy in utterance.copies)


def _speak(espeak: Espeak, utterance: Spoken) -> Signal:
    factor = utterance.vocal_tract
    speech = espeak.speak(
        utterance.text,
        utterance.voice,
        rate=round(utterance.rate / factor),
        pitch=utterance.pitch,
        seed=utterance.voice_seed,
    )
    dry = distortion.trim(distortion.scale_voice(speech, espeak.rate, factor))
    return distortion.pad(dry, utterance.before, utterance.after)


def run(job: Job) -> None:
    """Speak a block, and write its recordings (16 kHz, 16-bit, mono FLAC)."""
    espeak, sounds = Espeak(), Sounds(job)
    for utterance in job.block.utterances:
        dry = _speak(espeak, utterance)
        for copy in utterance.copies:
            write_flac(Path(job.output) / copy.audio, distort(dry, copy, sounds))


if __name__ == "__main__":
    processes.run_one(Job, run)
