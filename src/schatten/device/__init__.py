"""The kernels of `arm/`, measured: exact instruction counts, modelled cycles, times on this host.

`tools` runs the tools, `counts` counts guest instructions under qemu, `model` estimates cycles with
llvm-mca, `bench` joins them to a table, `figure` draws it, `compare` times this host against other
libraries, `peers` holds what others reach. It builds nothing: CMake does.
"""
