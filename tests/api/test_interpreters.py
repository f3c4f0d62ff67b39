"""Other interpreters of Python in one process, each of which has its own Fusee."""

import subprocess
import sys
from pathlib import Path

import pytest

from fusee import wat2wasm
from fusee.kernel import another

GUEST = """(module (func (export "run") (param i32) (result i32) (local i32)
  (loop
    (local.set 1 (i32.add (i32.mul (local.get 1) (i32.const 13)) (local.get 0)))
    (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
  (local.get 1)))"""
TURNS = 100_000_000  # for which guests are watched

CALL = f"""
from fusee import Config, Engine, Instance, Module, Store
config = Config()
config.strategy = STRATEGY
store = Store(Engine(config))
run = Instance(store, Module.from_file(store.engine, MODULE), []).exports(store)["run"]
print(run(store, {TURNS}), flush=True)
"""
PROGRAM = """
import sys
from _testcapi import run_in_subinterp
text = f"STRATEGY, MODULE = {sys.argv[1:3]}\\n" + sys.argv[3]
assert run_in_subinterp(text) == 0
exec(text)
"""


def expected() -> int:
    """The sum of k * 13 ** (k - 1) for all k up to the number of turns, of which i32 has the lowest 32 bits."""
    modulus = (13 - 1) ** 2 << 32
    multiple = 1 - (TURNS + 1) * pow(13, TURNS, modulus) + TURNS * pow(13, TURNS + 1, modulus)
    found = multiple % modulus // (13 - 1) ** 2 % (1 << 32)
    return found - (found >> 31 << 32)


@pytest.mark.parametrize("strategy", ["auto", "interpreter", "tiered"])
def test_one_ends_before_the_process(strategy: str, tmp_path: Path) -> None:
    """Python ends the process if an interpreter ends that has threads, and guests had been watched by some."""
    pytest.importorskip("_testcapi")  # Python's own tests, which not every system has
    module = tmp_path / "guest.wasm"
    module.write_bytes(bytes(wat2wasm(GUEST)))
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, strategy, str(module), CALL],
        env=another.environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == [str(expected())] * 2


BEGINNING = """
import sys
from fusee import Config, Engine
from fusee.api import _watch
config = Config()
config.strategy = "tiered"
engine = Engine(config)
sys.setswitchinterval(10)  # who is started meanwhile waits
"""


@pytest.mark.parametrize("wake", ["_watch._forks.watcher._wake()", "engine._tier._wake()"])
def test_one_ends_before_its_threads_have_begun(wake: str) -> None:
    """They were woken a moment ago; Python ends the process for them, too."""
    pytest.importorskip("_testcapi")
    program = f"from _testcapi import run_in_subinterp; print(run_in_subinterp({BEGINNING + wake!r}))"
    done = subprocess.run(
        [sys.executable, "-c", program], env=another.environment(), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "0\n", "")
