"""The engine on a device: run there, and its speed measured or modelled.

`devices` runs it on this host, an emulated CPU or a board, `speed` says how fast a bundle is there,
`qemu` and `llvm_mca` count instructions and model cycles, `tools` runs the command-line tools.
"""
