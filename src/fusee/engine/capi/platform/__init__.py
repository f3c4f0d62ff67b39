"""`fusee_default_platform`: what the C API runs on if the app does not say. A part of the library of its own.

Linkers take it in only where the app has no function of that name itself.
"""
