"""Components on devices: the canonical ABI over the C API, for what `fusee build --component` has split.

A part of the library of its own, which calls the others as an app does, and is only there if it is asked for.
"""
