"""The engine on a device: run there, and its speed measured or modelled.

`devices` runs it on this host, an emulated CPU or a board. `speed` measures or models a bundle's
speed there. `qemu` counts instructions, `llvm_mca` models cycles, and `tools` runs the command-line
tools.
"""
