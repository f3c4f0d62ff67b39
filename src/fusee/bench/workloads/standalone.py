"""Modules that were made for JavaScript beside them become modules that import nothing and export `run`.

Compilers of Java and JavaScript leave to a script what a browser does better. A workload needs little of it: strings,
which a GC array of characters can be as well as a string of JavaScript's, and else functions that are never called
or whose result does not matter. So each import becomes the module's own, of the same index: this is a step on the
text of a module, after which an optimizer drops what nothing needs.
"""

import re

from fusee.bench.workloads.stand_ins import KNOWN, TYPES, string_constant

# The lines of `wasm-tools print`: one import or export a line.
_FUNCTION = re.compile(r'^  \(import "([^"]*)" "([^"]*)" \(func \(;\d+;\) (\(type \d+\))((?: \(.*\))?)\)\)$')
_MEMORY = re.compile(r'^  \(import "[^"]*" "[^"]*" \(memory (.*)\)\)$')
_GLOBAL = re.compile(r'^  \(import "[^"]*" "[^"]*" \(global (.*) (i32|f64|externref)\)\)$')
_TAG = re.compile(r'^  \(import "[^"]*" "[^"]*" \(tag \(;\d+;\) (.*)\)\)$')
# A string whose value is the import's name (https://webassembly.github.io/js-string-builtins/, constants).
_STRING = re.compile(r"""^  \(import "'" "(.*)" \(global \(;\d+;\) \(ref extern\)\)\)$""")
_ESCAPE = re.compile(r"\\(?:u\{([0-9a-fA-F]+)\}|(.))")
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r"}
_EXPORT = re.compile(r'^  \(export "(.*)" \(')
_RESULTS = re.compile(r"\(result (.*)\)$")
_ABSENT = {
    "": "",
    "externref": "(ref.null extern)",
    "(ref extern)": "(extern.convert_any (ref.i31 (i32.const 0)))",
    "i32": "(i32.const 0)",
    "f64": "(f64.const 0)",
}


def _function(module: str, name: str, kind: str, signature: str) -> str:
    """In the place of an imported function one that does what it would, or nothing."""
    known = KNOWN.get(module)
    if known is not None:
        if name not in known:
            raise ValueError(f"no stand-in for {module} {name}")
        return f"  (func {kind}{signature} {known[name]})"
    results = _RESULTS.search(signature)
    return f"  (func {kind}{signature} {_ABSENT.get(results.group(1) if results else '', 'unreachable')})"


def _unescaped(text: str) -> str:
    """What a string of the text format is."""
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else _ESCAPED.get(found[2], found[2]), text)


def _line(line: str) -> str | None:
    """A line of the module's text as it is without JavaScript; None if it is not needed."""
    function, memory, constant = _FUNCTION.match(line), _MEMORY.match(line), _GLOBAL.match(line)
    tag, string = _TAG.match(line), _STRING.match(line)
    if function is not None:
        return _function(*function.groups())
    if memory is not None:
        return f"  (memory {memory.group(1)})"
    if constant is not None:
        return f"  (global {constant.group(1)} {constant.group(2)} {_ABSENT[constant.group(2)]})"
    if tag is not None:
        return f"  (tag {tag.group(1)})"
    if string is not None:
        return f"  (global (ref extern) {string_constant(_unescaped(string.group(1)))})"
    exported = _EXPORT.match(line)
    return None if exported is not None and exported.group(1) != "run" else line


def without_imports(text: str) -> str:
    """The text of a module, as `wasm-tools print` writes it, without imports and without exports but `run`.

    Raises:
        ValueError: it imports what is neither a function nor a memory, a tag, or a global of a number or a string; or a
            function whose result matters and that has no stand-in.
    """
    lines = [line for line in (_line(line) for line in text.splitlines()) if line is not None]
    left = next((line for line in lines if line.startswith("  (import ")), None)
    if left is not None:
        raise ValueError(f"no stand-in for {left.strip()}")
    return "\n".join([*lines[:-1], f"  {TYPES}", lines[-1]])
