"""Speeds of other libraries at 6144x320 weights times 320xN, and the speed that ours must reach.

The shape is that of figure 6 of the trace norm paper (Kliegl et al., 2018). They were measured as
our own kernels are: built from their public source, instructions counted under qemu-user, cycles
modelled with llvm-mca 19. Weights are packed beforehand; the whole call is counted.
"""

ByColumns = tuple[float, float, float, float]
"""Figures at N = 1, 2, 3, 4."""

INSTRUCTIONS: dict[str, dict[str, ByColumns]] = {
    "neon": {
        "gemmlowp": (3.717, 1.867, 1.251, 0.934),
        "farm": (0.858, 0.618, 0.599, 0.555),
        "QNNPACK 4x8": (1.471, 0.737, 0.491, 0.369),
        "ruy": (0.404, 0.543, 0.369, 0.265),
        "XNNPACK, its choice on Cortex-A53": (0.485, 0.719, 0.479, 0.360),
        "XNNPACK, best of all": (0.296, 0.234, 0.296, 0.234),
    },
    "dotprod": {
        "KleidiAI": (0.193, 0.193, 0.152, 0.114),
        "XNNPACK, its choice": (0.165, 0.167, 0.111, 0.083),
        "XNNPACK, best of all": (0.114, 0.093, 0.086, 0.082),
    },
    "i8mm": {
        "XNNPACK, best of all": (0.153, 0.080, 0.095, 0.074),
    },
}
"""Instructions per multiply-accumulate, by the instructions used."""

GOALS: dict[str, ByColumns] = {
    "neon": (0.245, 0.228, 0.233, 0.225),
    "dotprod": (0.106, 0.090, 0.084, 0.081),
    "i8mm": (0.106, 0.060, 0.066, 0.052),
}
"""Instructions per multiply-accumulate that ours must not exceed. i8mm with one column is left to
the dotprod kernels."""

CYCLES: dict[tuple[str, str], dict[str, ByColumns]] = {
    ("cortex-a53", "neon"): {
        "gemmlowp": (5.56, 2.79, 1.87, 1.40),
        "farm": (1.20, 0.84, 0.83, 0.77),
        "XNNPACK, best of all": (0.478, 0.318, 0.478, 0.318),
    },
    ("cortex-a72", "neon"): {"XNNPACK, best of all": (0.145, 0.133, 0.145, 0.133)},
    ("neoverse-n1", "dotprod"): {"XNNPACK, best of all": (0.041, 0.036, 0.035, 0.035)},
}
"""Modelled cycles per multiply-accumulate, by CPU and the instructions used."""

BOUNDS: dict[tuple[str, str], ByColumns] = {
    ("cortex-a53", "neon"): (0.286, 0.261, 0.261, 0.250),
    ("cortex-a72", "neon"): (0.129, 0.129, 0.130, 0.130),
    ("neoverse-n1", "dotprod"): (0.034, 0.033, 0.033, 0.033),
}
"""Modelled cycles per multiply-accumulate that ours must not exceed."""
