"""Linux on AArch64 as a host, under user-mode emulation: `python -m tests.hosts.aarch64 [TESTS…]`.

Makes a system for AArch64 in a folder (`--folder`; kept for the next time, 300 MB), with a Python and the packages that
Fusee needs, and runs tests in it on the small engine. The engine is compiled here and put where the emulated
process looks for it, which takes seconds; with `--compile` it compiles the engine itself, as a real machine would,
which takes some ten minutes. What follows `--` goes to pytest.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

from fusee.api._start import define_program
from fusee.engine.isa.selection import START, choose
from fusee.kernel import machine
from fusee.kernel.build import build
from fusee.kernel.cache import Cache
from fusee.kernel.target import Target
from tests.hosts.system import System

REPOSITORY = Path(__file__).parent.parent.parent
DEFAULT_FOLDER = Path.home() / ".cache" / "fusee-hosts" / "aarch64"

# What touches the host: its calling convention, memory, files; and programs of all kinds. They take some minutes.
TESTS = (
    "tests/kernel/test_layout.py",
    "tests/kernel/test_images.py",
    "tests/api/test_functions.py",
    "tests/api/test_host_errors.py",
    "tests/api/test_traps.py",
    "tests/api/test_stores.py",
    "tests/wasi/test_files.py",
    "tests/wasi/test_guests.py",
    "tests/bench/test_workloads.py",
)

ASK = """
import json
from fusee.api._start import program_name
from fusee.engine.isa.selection import START
from fusee.kernel.library import defined_key
from fusee.kernel.machine import host_processor
from fusee.kernel.target import Target
print(json.dumps([Target.host().triple, host_processor(), defined_key(program_name(START))]))
"""


def environment(system: System) -> dict[str, str]:
    """What the emulated processes are started with."""
    path = os.pathsep.join(map(str, (system.packages, REPOSITORY / "src", REPOSITORY)))
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "FUSEE"))}
    return {**own, "PYTHONPATH": path, "FUSEE_CACHE": str(system.folder / "cache"), "PYTHONDONTWRITEBYTECODE": ""}


def compile_here(system: System) -> None:
    """Compile the small engine for the emulated host, under the name by which that looks for it."""
    asked = subprocess.run(
        [str(system.python), "-c", ASK], env=environment(system), capture_output=True, text=True, check=True
    )
    triple, processor, key = json.loads(asked.stdout)
    choose(START)
    cache = Cache(system.folder / "cache")
    if cache.read("programs", key) is None:
        print(f"compiling the small engine for {triple}", flush=True)
    with patch.object(machine, "host_processor", lambda: tuple(processor)):
        build(define_program(), Target.parse(triple), False, cache, key, None)


def main() -> int:
    """The exit status of pytest in the emulated system."""
    parser = argparse.ArgumentParser(prog="python -m tests.hosts.aarch64", description=__doc__)
    parser.add_argument("tests", nargs="*", help=f"files of tests, or options of pytest ({' '.join(TESTS)})")
    parser.add_argument("--folder", type=Path, default=DEFAULT_FOLDER, help="where the system is kept (%(default)s)")
    parser.add_argument("--compile", action="store_true", help="have the emulated system compile the engine")
    options = parser.parse_args()
    system = System(options.folder)
    try:
        system.make()
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 2
    if not options.compile:
        compile_here(system)
    command = [str(system.python), "-m", "pytest", "-p", "no:cacheprovider", "-q", *(options.tests or TESTS)]
    return subprocess.run(command, cwd=REPOSITORY, env=environment(system), check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
