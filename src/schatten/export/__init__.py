"""Export: a trained model becomes one GGUF file that the streaming engine maps into memory."""

from schatten.export.run import export

__all__ = ["export"]
