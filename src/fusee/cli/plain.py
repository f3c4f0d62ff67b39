"""The shortest commands: a program and its arguments. Nothing is imported to understand them."""

import os
from typing import Final

COMMANDS: Final = {
    "run": "Run a program (the default).",
    "serve": "Answer HTTP requests with a component.",
    "compile": "Compile a module's functions to native code ahead of time.",
    "validate": "Check that files are valid modules or components.",
    "wit": "Show what a component imports and exports.",
    "bindgen": "Write typed Python for what a component exports.",
    "disasm": "Show the bytecode of functions beside their WebAssembly.",
    "isa": "Show the instruction set of the register machine.",
    "wast": "Run specification scripts.",
    "build": "Write the device library for a target.",
    "prepare": "Compile the whole engine now.",
    "targets": "Describe the machines that a library can be built for.",
    "bench": "Compare speed with other engines.",
    "tune": "Choose an engine's trees by what programs execute.",
}


def plain_program(arguments: list[str]) -> list[str]:
    """A file and its arguments if that is all that `arguments` say, as `fusee [run] FILE …`; else an empty list.

    Options come before the file: what is behind it is the program's, whatever it looks like.
    """
    given = arguments[1:] if arguments[:1] == ["run"] else arguments
    is_named = given is not arguments or (bool(given) and given[0] not in COMMANDS)
    return given if is_named and given and given[0][:1] != "-" and os.path.lexists(given[0]) else []
