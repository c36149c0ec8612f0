"""The verbs of this package. They import what they need when they run."""

import schatten.cli  # noqa: F401  first of all: it loads these verbs, which need its options
