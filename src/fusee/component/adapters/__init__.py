"""Calls from one component to another that do not go through Python: each is a function of a small core module.

`call` says what a module depends on, `function` writes it, `values` and `strings` what copies values from one memory
to the other, `assembler` its bytes; `link` says which calls have one, and makes it alive.
"""
