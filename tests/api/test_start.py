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
UNUSED = {"fusee.wasi", "fusee.api.text", "fusee.api.failures", "fusee.api.names", "subprocess", "rich", "click"}


def test_what_a_start_imports() -> None:
    engine()  # so that the program is in the cache
    environment = {**os.environ, "PYTHONPATH": str(Path(fusee.__file__).parent.parent)}
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    loaded = set(done.stdout.split())
    assert not loaded & COMPILER
    assert not loaded & UNUSED
    if sys.platform == "linux":
        assert "llvmlite.binding" not in loaded  # what the cache holds is mapped, not linked
