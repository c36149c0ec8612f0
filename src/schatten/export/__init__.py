"""Export: a trained model becomes one GGUF file that the streaming engine maps into memory.

Nothing is imported here: bundles are made without torch.
"""
