"""Modules that were made for JavaScript beside them become modules that import nothing and export `run`.

Compilers of Java and JavaScript leave to a script what a browser does better. A workload needs little of it: strings,
which a GC array of characters can be as well as a string of JavaScript's, and else functions that are never called
or whose result does not matter. So each import becomes the module's own, of the same index: this is a step on the
text of a module, after which an optimizer drops what nothing needs.
"""

import re

# What `wasm:js-string` has (https://webassembly.github.io/js-string-builtins/), over arrays of UTF-16.
_FIRST, _SECOND = (f"(ref.cast (ref $characters) (any.convert_extern (local.get {n})))" for n in (0, 1))
_SPAN = "(i32.sub (local.get 2) (local.get 1))"
_MADE = "(local $made (ref null $characters)) (local.set $made (array.new_default $characters {}))"
_COPY = "(array.copy $characters $characters (local.get {}) {} {} {} {})"
_RETURNED = "(ref.as_non_null (extern.convert_any (local.get $made)))"
_ZERO = "(i32.const 0)"
_STRINGS = {
    "length": f"(array.len {_FIRST})",
    "charCodeAt": f"(array.get_u $characters {_FIRST} (local.get 1))",
    "concat": _MADE.format(f"(i32.add (array.len {_FIRST}) (array.len {_SECOND}))")
    + _COPY.format("$made", _ZERO, _FIRST, _ZERO, f"(array.len {_FIRST})")
    + _COPY.format("$made", f"(array.len {_FIRST})", _SECOND, _ZERO, f"(array.len {_SECOND})")
    + _RETURNED,
    "fromCharCode": _MADE.format("(i32.const 1)")
    + f"(array.set $characters (local.get $made) {_ZERO} (local.get 0)) {_RETURNED}",
    "fromCharCodeArray": _MADE.format(_SPAN)
    + _COPY.format("$made", _ZERO, "(local.get 0)", "(local.get 1)", _SPAN)
    + _RETURNED,
    "intoCharCodeArray": _COPY.format(1, "(local.get 2)", _FIRST, _ZERO, f"(array.len {_FIRST})")
    + f"(array.len {_FIRST})",
    "substring": _MADE.format(_SPAN) + _COPY.format("$made", _ZERO, _FIRST, "(local.get 1)", _SPAN) + _RETURNED,
}
_MATHEMATICS = {name: f"(f64.{name} (local.get 0))" for name in ("sqrt", "floor", "ceil")}
_CHARACTERS = "(type $characters (array (mut i16)))"

# The lines of `wasm-tools print`: one import or export a line.
_FUNCTION = re.compile(r'^  \(import "([^"]*)" "([^"]*)" \(func \(;\d+;\) (\(type \d+\))((?: \(.*\))?)\)\)$')
_MEMORY = re.compile(r'^  \(import "[^"]*" "[^"]*" \(memory (.*)\)\)$')
_GLOBAL = re.compile(r'^  \(import "[^"]*" "[^"]*" \(global (.*) (i32|f64|externref)\)\)$')
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
    known = {"wasm:js-string": _STRINGS, "teavmMath": _MATHEMATICS}.get(module)
    if known is not None:
        if name not in known:
            raise ValueError(f"no stand-in for {module} {name}")
        return f"  (func {kind}{signature} {known[name]})"
    results = _RESULTS.search(signature)
    return f"  (func {kind}{signature} {_ABSENT.get(results.group(1) if results else '', 'unreachable')})"


def _line(line: str) -> str | None:
    """A line of the module's text as it is without JavaScript; None if it is not needed."""
    function, memory, constant = _FUNCTION.match(line), _MEMORY.match(line), _GLOBAL.match(line)
    if function is not None:
        return _function(*function.groups())
    if memory is not None:
        return f"  (memory {memory.group(1)})"
    if constant is not None:
        return f"  (global {constant.group(1)} {constant.group(2)} {_ABSENT[constant.group(2)]})"
    exported = _EXPORT.match(line)
    return None if exported is not None and exported.group(1) != "run" else line


def without_imports(text: str) -> str:
    """The text of a module, as `wasm-tools print` writes it, without imports and without exports but `run`.

    Raises:
        ValueError: it imports what is neither a function nor a memory or a global of a number, or a function whose
            result matters and that has no stand-in.
    """
    lines = [line for line in (_line(line) for line in text.splitlines()) if line is not None]
    left = next((line for line in lines if line.startswith("  (import ")), None)
    if left is not None:
        raise ValueError(f"no stand-in for {left.strip()}")
    return "\n".join([*lines[:-1], f"  {_CHARACTERS}", lines[-1]])
