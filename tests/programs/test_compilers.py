"""What compilers published elsewhere make of programs: objects of WebAssembly's heap, and exceptions in both forms."""

import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

import fusee
from fusee.bench.workloads.toolchains import MOONBIT, MissingCompiler, compile_moonbit, find_npm

SCRIPT = """
class Node { constructor(left, right) { this.left = left; this.right = right; } }
function make(depth) { return depth == 0 ? new Node(null, null) : new Node(make(depth - 1), make(depth - 1)); }
function count(node) { return 1 + (node.left ? count(node.left) + count(node.right) : 0); }
function odd(n) { if (n % 2 == 1) throw new RangeError('odd ' + n); return n; }
let sum = 0, caught = '';
for (let i = 0; i < 9; i++) {
  try { sum += odd(i); } catch (error) { caught += error.message + ';'; } finally { sum++; }
}
console.log(sum); console.log(caught); console.log(count(make(7)));
console.log([5, 3, 9, 1].sort((a, b) => a - b).map(x => x * 2).join(','));
"""

PROGRAM = """
class Uneven(Exception):
    pass

class Shape:
    def __init__(self, size):
        self.size = size
    def area(self):
        return 0

class Square(Shape):
    def area(self):
        return self.size * self.size

def check(n):
    try:
        if n % 2:
            raise Uneven("uneven " + str(n))
        return n
    except Uneven as uneven:
        return -n

def squares(n):
    i = 0
    while i < n:
        yield i * i
        i += 1

print(sum([check(i) for i in range(200)]))
print([shape.area() for shape in [Square(3), Shape(5), Square(7)]])
words = {}
for word in "the cat and the dog and the bird".split(" "):
    words[word] = words.get(word, 0) + 1
print(sorted(words.items()))
print(sum(squares(10)), 2 ** 70, 7 // -2)
try:
    print([1, 2][5])
except IndexError as error:
    print("index")
"""

TREES = """
enum Tree { Leaf; Node(Tree, Tree) }
fn make(depth : Int) -> Tree {
  if depth == 0 { Leaf } else { Node(make(depth - 1), make(depth - 1)) }
}
fn count(tree : Tree) -> Int { match tree { Leaf => 1; Node(a, b) => 1 + count(a) + count(b) } }
pub fn run(depth : Int) -> Int { count(make(depth)) }
fn main { let _ = run(1) }
"""


def instantiate(implementation: Any, engine: Any, module: bytes, functions: Mapping[str, Callable[..., Any]]) -> Any:
    """The store and the exports; an import that is not given is a function that gives zeros."""
    store = implementation.Store(engine)
    loaded = implementation.Module(engine, module)
    externs = []
    for wanted in loaded.imports:
        absent = (lambda *_: 0) if wanted.type.results else (lambda *_: None)
        externs.append(implementation.Func(store, wanted.type, functions.get(wanted.name, absent)))
    return store, implementation.Instance(store, loaded, externs).exports(store)


def test_javascript_compiled_by_porffor(tmp_path: Path) -> None:
    node = shutil.which("node")
    try:
        compiler = find_npm("porffor") / "runtime" / "index.js"
    except MissingCompiler as missing:
        pytest.skip(str(missing))
    (tmp_path / "script.js").write_text(SCRIPT)
    command = [str(node), str(compiler), "wasm", "script.js", "script.wasm"]
    subprocess.run(command, check=True, cwd=tmp_path, stdout=subprocess.PIPE)
    expected = subprocess.run([str(node), "script.js"], check=True, cwd=tmp_path, stdout=subprocess.PIPE).stdout
    printed: list[str] = []
    functions = {"a": lambda value: printed.append(f"{value:g}"), "b": lambda code: printed.append(chr(int(code)))}
    store, exports = instantiate(fusee, fusee.Engine(), (tmp_path / "script.wasm").read_bytes(), functions)
    exports["m"](store)
    plain = "".join(printed).replace("\x1b[33m", "").replace("\x1b[0m", "")  # numbers are in colour
    assert plain.encode() == expected


def run_python(implementation: Any, engine: Any, module: bytes) -> str:
    """What a program compiled by p2w prints."""
    printed = bytearray()
    functions = {
        "write_char": lambda byte: printed.append(byte & 0xFF),
        "write_i32": lambda value: printed.extend(str(value).encode()),
        "write_i64": lambda value: printed.extend(str(value).encode()),
    }
    store, exports = instantiate(implementation, engine, module, functions)
    exports["_start"](store)
    return printed.decode()


def test_python_compiled_by_p2w() -> None:
    compiler = pytest.importorskip("p2w.compiler", reason="pip install p2w, in Python 3.12")
    wasmtime = pytest.importorskip("wasmtime", reason="the oracle: pip install wasmtime")
    module = fusee.wat2wasm(compiler.compile_to_wat(PROGRAM))
    printed = run_python(fusee, fusee.Engine(), bytes(module))
    assert printed.startswith("-100\n[9, 0, 49]\n")
    config = wasmtime.Config()
    for proposal in ("gc", "function_references", "exceptions"):
        setattr(config, f"wasm_{proposal}", True)
    assert printed == run_python(wasmtime, wasmtime.Engine(config), bytes(module))


def test_moonbit(tmp_path: Path) -> None:
    try:
        find_npm(MOONBIT)
    except MissingCompiler as missing:
        pytest.skip(str(missing))
    (tmp_path / "trees.mbt").write_text(TREES)
    compile_moonbit(tmp_path / "trees.mbt", tmp_path / "trees.wasm")
    store, exports = instantiate(fusee, fusee.Engine(), (tmp_path / "trees.wasm").read_bytes(), {})
    assert exports["run"](store, 12) == 2**13 - 1
