"""Compresses a model that others trained: the speaker encoder of the package `resemblyzer`.

pip install --no-deps resemblyzer soundfile
python examples/compress_a_model.py TRAIN TEST    # folders of SPEAKER-NAME.flac or .mp3
"""

import sys
from importlib.metadata import distribution
from pathlib import Path

import numpy as np
import soundfile
import torch
from torch import Tensor, nn

from schatten.compress import compress, size_of


class Encoder(nn.Module):
    """The encoder's layers: three of LSTM and a linear one (Wan et al., 2018)."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm, self.linear = nn.LSTM(40, 256, 3, batch_first=True), nn.Linear(256, 256)

    def forward(self, mels: Tensor) -> Tensor:
        """Return a vector of length 1 for each of mels (B, 160, 40)."""
        return nn.functional.normalize(torch.relu(self.linear(self.lstm(mels)[1][0][-1])))


def mel_filters() -> np.ndarray:
    """Return 40 triangles (40, 201) on librosa's mel scale, each of area 1."""
    edges = np.linspace(0, 15 + 27 * np.log(8) / np.log(6.4), 42)
    hertz = np.where(edges < 15, edges * 200 / 3, 1000 * np.exp((edges - 15) * np.log(6.4) / 27))
    up = (np.arange(201) * 40 - hertz[:-2, None]) / np.diff(hertz)[:-1, None]
    down = (hertz[2:, None] - np.arange(201) * 40) / np.diff(hertz)[1:, None]
    return np.maximum(0, np.minimum(up, down)) * 2 / (hertz[2:] - hertz[:-2])[:, None]


def mels_of(path: Path) -> Tensor | None:
    """Return windows (B, 160, 40) of 1.6 s, one a second; None for a shorter file."""
    sound, rate = soundfile.read(path, dtype="float32")
    assert rate == 16000, f"{path} has {rate} Hz, not 16,000"
    sound = sound * 10 ** (-30 / 20) / max(float(np.sqrt(np.mean(sound**2))), 1e-9)
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(sound, 200), 400)[::160]
    power = np.abs(np.fft.rfft(frames * np.hanning(401)[:-1])) ** 2
    mels = torch.from_numpy((power @ mel_filters().T).astype("float32"))
    return mels.unfold(0, 160, 100).transpose(1, 2) if len(mels) >= 160 else None


@torch.no_grad()
def embeddings(model: nn.Module, windows: list[Tensor]) -> Tensor:
    """Return a vector (256,) for each file."""
    means = torch.stack([model(one).mean(0) for one in windows])
    return nn.functional.normalize(means)


def speakers_found(vectors: Tensor, speakers: list[str]) -> float:
    """Return the share of files whose nearest other file is of the same speaker."""
    nearness = (vectors @ vectors.T).fill_diagonal_(-1).argmax(1)
    return sum(speakers[i] == speakers[j] for i, j in enumerate(nearness)) / len(speakers)


def read(folder: Path) -> tuple[list[Tensor], list[str]]:
    """Return the windows of each file that is long enough, and its speaker."""
    files = [(path, mels_of(path)) for path in sorted(folder.rglob("*-*.[fm]*"))]
    found = [(mels, path.name.partition("-")[0]) for path, mels in files if mels is not None]
    return [mels for mels, _ in found], [speaker for _, speaker in found]


def follow(teacher: nn.Module, student: nn.Module, mels: Tensor, steps: int = 150) -> None:
    """Train `student` to give the vectors of `teacher`."""
    optimiser = torch.optim.Adam(student.parameters(), lr=1e-3)
    for _ in range(steps):
        batch = mels[torch.randint(len(mels), (32,))]
        with torch.no_grad():
            wanted = teacher(batch)
        optimiser.zero_grad()
        (1 - (student(batch) * wanted).sum(1).mean()).backward()
        optimiser.step()


def report(name: str, model: nn.Module) -> None:
    """Print the size of a model and how near it is to the whole one."""
    vectors = embeddings(model, windows)
    print(
        f"{name}: {size_of(model)[0]:,} numbers, {speakers_found(vectors, speakers):.0%} found, "
        f"cosine to the whole model {(vectors * whole).sum(1).mean():.2f}"
    )


torch.set_num_threads(1)
torch.manual_seed(1)
weights = distribution("resemblyzer").locate_file("resemblyzer/pretrained.pt")
state = torch.load(str(weights), map_location="cpu", weights_only=True)["model_state"]
encoder = Encoder().eval()
encoder.load_state_dict({name: value for name, value in state.items() if "similarity" not in name})


train, _ = read(Path(sys.argv[1]))
windows, speakers = read(Path(sys.argv[2]))
whole = embeddings(encoder, windows)
numbers, _ = size_of(encoder)
print(f"{len(windows)} files of {len(set(speakers))} speakers")
print(f"whole: {numbers:,} numbers, {speakers_found(whole, speakers):.0%} found")
report("a half", compress(encoder, parameters=numbers // 2))
seen = [one[:2] for one in train[:100]]  # errors are weighted by what layers multiply here
small = compress(encoder, parameters=numbers // 2, inputs=seen)
report("a half, by inputs", small)
follow(encoder, small, torch.cat(train))
report("a half, trained on", small)
