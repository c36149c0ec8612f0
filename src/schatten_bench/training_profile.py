"""Where the time of a training step goes, by torch's profiler: as it was, and today.

A part is some of torch's operations. The time of an operation is its own, without what it calls.
"""

from collections.abc import Callable
from dataclasses import dataclass

from torch.profiler import ProfilerActivity, profile

PARTS: dict[str, tuple[str, ...]] = {
    "products": ("aten::mm", "aten::addmm", "aten::addmm_", "aten::bmm"),
    "convolutions": (
        "aten::mkldnn_convolution",
        "aten::convolution_backward",
        "aten::_slow_conv2d_forward",
        "aten::thnn_conv2d",
    ),
    "BatchNorm": ("aten::native_batch_norm", "aten::native_batch_norm_backward"),
    "a frame of a GRU beside its products": ("TrainedGru", "TrainedGruBackward", "FormerGru"),
    "CTC": ("aten::_ctc_loss", "aten::_ctc_loss_backward"),
    "Adam and clipping": (
        "aten::_fused_adam_",
        "aten::_foreach_norm",
        "aten::_foreach_mul_",
        "aten::linalg_vector_norm",
    ),
    "elementwise": (
        "aten::sigmoid_",
        "aten::tanh_",
        "aten::lerp",
        "aten::addcmul_",
        "aten::add",
        "aten::add_",
        "aten::mul",
        "aten::mul_",
        "aten::sub",
        "aten::div",
        "aten::div_",
        "aten::sum",
        "aten::rsub",
        "aten::hardtanh",
        "aten::hardtanh_",
        "aten::hardtanh_backward",
        "aten::threshold_backward",
    ),
    "moving values": (
        "aten::copy_",
        "aten::cat",
        "aten::stack",
        "aten::index",
        "aten::index_put_",
        "aten::_index_put_impl_",
        "aten::index_select",
        "aten::index_copy_",
        "aten::masked_select",
        "aten::nonzero",
        "aten::fill_",
        "aten::zero_",
        "aten::constant_pad_nd",
    ),
}
"""Operations of each part; what is in none of them is called `calls and the rest`."""
REST = "calls and the rest"


@dataclass(frozen=True)
class Profile:
    """The shares of a step's time by part, from the largest, and the time itself."""

    seconds: float
    """CPU seconds of a step, under the profiler."""
    shares: dict[str, float]


def profile_step(step: Callable[[], None], count: int) -> Profile:
    """Profile `count` steps on the CPU, after one that is not counted."""
    step()
    with profile(activities=[ProfilerActivity.CPU]) as found:
        for _ in range(count):
            step()
    part_of = {name: part for part, names in PARTS.items() for name in names}
    times = dict.fromkeys([*PARTS, REST], 0.0)
    for one in found.key_averages():
        times[part_of.get(one.key, REST)] += one.self_cpu_time_total
    total = sum(times.values())
    ranked = sorted(times.items(), key=lambda item: -item[1])
    return Profile(1e-6 * total / count, {part: time / total for part, time in ranked})
