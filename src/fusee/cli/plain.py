"""The shortest commands: a program, its arguments, and what most runs are told. Nothing is imported for them."""

import os
from typing import Any, Final

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


_ONCE: Final = {"--argv0": "argv0", "--invoke": "invoke"}
_REPEATED: Final = {
    "--dir": "directories", "--env": "variables", "-W": "options", "-S": "system", "-D": "debugging",
    "-O": "optimizing", "-C": "generating",
}  # fmt: skip
"""Options of `cli.run` with a value, and what `execution.Request` calls them; those that may be given many times."""


def plain_request(arguments: list[str]) -> dict[str, Any] | None:
    """What an `execution.Request` has, if `arguments` are `[run] [OPTION VALUE]… FILE …` with these options; else None.

    Options come before the file: what is behind it is the program's, whatever it looks like.
    """
    given = arguments[1:] if arguments[:1] == ["run"] else arguments
    if given is arguments and given and given[0] in COMMANDS:
        return None
    found: dict[str, Any] = {}
    place = 0
    while len(given) > place + 1 and given[place + 1][:1] != "-":
        option, value = given[place : place + 2]
        if option in _ONCE:
            found[_ONCE[option]] = value
        elif option in _REPEATED:
            found[_REPEATED[option]] = (*found.get(_REPEATED[option], ()), value)
        else:
            break
        place += 2
    if len(given) == place or given[place][:1] == "-" or not os.path.lexists(given[place]):
        return None
    return {"file": given[place], "arguments": tuple(given[place + 1 :]), **found}
