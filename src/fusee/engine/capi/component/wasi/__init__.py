"""WASI 0.2 as the library gives it to components, by what a store has for preview 1 (`fusee_wasi_t`) and the platform.

Files are opened, read and written by the kernels of preview 1, under its rules for paths.
"""
