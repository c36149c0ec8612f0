"""The engine as its own tests build it."""

from engine_build import build
