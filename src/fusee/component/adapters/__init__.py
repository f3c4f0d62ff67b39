"""Calls from one component to another that do not go through Python: each is a function of a small core module.

`call` says what a module depends on; `function` and `tasks` write it, `passing`, `values`, `flat` and `strings` what
copies values from one memory to the other, `assembler` its bytes; `link` and `tasklink` say which calls have one, and
make it alive with `imports`. `elements` and `copies` do the same for streams and futures.
"""
