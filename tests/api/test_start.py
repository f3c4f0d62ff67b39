"""Starting is quick because little is imported: no compiler, and nothing that a program does not use."""

import os
import subprocess
import sys
from pathlib import Path

import fusee
from tests.api.guest import engine

PROGRAM = """
import sys
import fusee
assert not [name for name in sys.modules if name.startswith("fusee.")], "the package itself imports nothing"
store = fusee.Store(fusee.Engine())
module = fusee.Module(store.engine, bytes.fromhex("0061736d01000000010401600000030201000707010372756e00000a040102000b"))
fusee.Instance(store, module, []).exports(store)["run"](store)
print(*sys.modules)
"""
COMPILER = {"fusee.kernel.check", "fusee.kernel.lower", "fusee.kernel.compile", "fusee.engine.program"}
NEVER = {
    "ast", "click", "dataclasses", "difflib", "fractions", "hashlib", "inspect", "json", "rich", "subprocess",
    "tempfile", "fusee.api.failures", "fusee.api.frame", "fusee.api.names", "fusee.api.text", "fusee.kernel.arena",
    "fusee.kernel.floatmath", "fusee.kernel.intrinsics", "fusee.kernel.laneclasses", "fusee.kernel.lanes",
}  # fmt: skip
UNUSED = NEVER | {"fusee.wasi"}

EVERYTHING = """
import sys
from fusee import *
print(*sys.modules)
"""

COMMAND = """
import sys
from fusee.cli.main import run_command
assert run_command(["run", sys.argv[1], "--of-the-program"]) == 0
print(*sys.modules)
"""

COMPONENT = """
import sys
import fusee
from fusee.component import Component, Linker
engine = fusee.Engine()
Linker(engine).instantiate(fusee.Store(engine), Component(engine, bytes.fromhex("0061736d0d000100")))
print(*sys.modules)
"""

OPTIONS = """
import sys
from fusee.cli.main import run_command
assert run_command(["run", "-C", "compiler=tiered", "--invoke", "run", sys.argv[1]]) == 0
print(*sys.modules)
"""

COMPILED = """
import sys
compiled = []
def note(event, found):
    if event == "compile" and not str(found[1]).endswith(".py"):  # modules are, where Python writes no bytecode
        compiled.append(found[0])
sys.addaudithook(note)
from fusee.cli.main import run_command
assert run_command(["run", "-C", "compiler=tiered", "--invoke", "run", sys.argv[1]]) == 0
print(*{text.decode().split()[0] for text in compiled})
"""


def modules_after(program: str, *arguments: str) -> set[str]:
    """What a process has imported that begins with a program in the cache."""
    engine()  # so that it is
    environment = {**os.environ, "PYTHONPATH": str(Path(fusee.__file__).parent.parent)}
    command = [sys.executable, "-c", program, *arguments]
    return set(subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout.split())


def test_what_a_start_imports() -> None:
    loaded = modules_after(PROGRAM)
    assert not loaded & COMPILER
    assert not loaded & UNUSED
    if sys.platform == "linux":
        assert "llvmlite.binding" not in loaded  # what the cache holds is mapped, not linked


def test_what_everything_imports() -> None:
    """Who imports every name of the interface still waits for nothing that starts programs or reads sources."""
    loaded = modules_after(EVERYTHING)
    assert "fusee.api.text" in loaded
    assert not loaded & {"ast", "dataclasses", "inspect", "shutil", "subprocess", "fusee.kernel.arena"}


def test_what_the_start_of_a_command_imports(tmp_path: Path) -> None:
    """A program of WASI, without options for Fusee."""
    file = tmp_path / "program.wasm"
    file.write_bytes(fusee.wat2wasm("""
        (module (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
          (memory (export "memory") 1) (func (export "_start") (drop (call $yield))))"""))  # fmt: skip
    loaded = modules_after(COMMAND, str(file))
    assert "fusee.wasi.process" in loaded
    assert not loaded & {"fusee.wasi.args", "fusee.wasi.fd", "fusee.wasi.path", "fusee.wasi.poll"}
    assert not loaded & (COMPILER | NEVER)


def test_what_a_command_with_options_imports(tmp_path: Path) -> None:
    """One that is interpreted at first, and ends before that is worth while; a process may be started all the same."""
    file = tmp_path / "program.wasm"
    file.write_bytes(fusee.wat2wasm('(module (func (export "run")))'))
    loaded = modules_after(OPTIONS, str(file))
    assert "fusee.tier.tier" in loaded
    assert not loaded & (COMPILER | NEVER - {"tempfile"} | {"fusee.native", "fusee.tier.looking", "select"})


def test_what_components_import() -> None:
    """One that awaits nothing waits for no event loop."""
    loaded = modules_after(COMPONENT)
    assert "fusee.component.asynchronous.hosttasks" in loaded
    assert not loaded & (COMPILER | {"asyncio", "fusee.wasi"})


def test_a_start_compiles_no_types(tmp_path: Path) -> None:
    """A string inside of a type is, for which Python makes the classes of its whole syntax; named tuples need none."""
    file = tmp_path / "program.wasm"
    file.write_bytes(fusee.wat2wasm('(module (func (export "run")))'))
    assert modules_after(COMPILED, str(file)) <= {"lambda"}
