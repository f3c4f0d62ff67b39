"""The unseen workloads by others than Fusee: `python -m tests.bench.unseen [NAME…]`.

Wasmtime and, where the language has a native compiler, native code must give both answers; what was built by a compiler
that this machine has, must come out as the same bytes. It takes a minute, so the tests only run the modules once.
"""

import sys
import tempfile
from pathlib import Path

from fusee.bench.workloads import UNSEEN_WORKLOADS, Workload
from fusee.bench.workloads.build import build
from fusee.bench.workloads.toolchains import MissingCompiler
from tests.bench.independent import check_with_wasmtime, compile_natively, why_not_rebuilt


def check_natively(workload: Workload, folder: Path) -> str:
    """What to say of native code, which may not be made of every language."""
    try:
        run = compile_natively(workload, folder)
    except MissingCompiler as missing:
        return str(missing)
    assert (run(workload.small_argument), run(workload.argument)) == (workload.small_answer, workload.answer)
    return "native code agrees"


def check_rebuilt(workload: Workload, folder: Path) -> str:
    """What to say of the module built again, which may need another compiler."""
    if reason := why_not_rebuilt(workload):
        return reason
    build(workload, folder / workload.path.name)
    assert (folder / workload.path.name).read_bytes() == workload.path.read_bytes()
    return "rebuilt"


def main(names: list[str]) -> None:
    """Print a line for each workload; the first that is wrong ends it."""
    for workload in (workload for workload in UNSEEN_WORKLOADS if not names or workload.name in names):
        with tempfile.TemporaryDirectory() as name:
            said = [check_natively(workload, Path(name)), check_rebuilt(workload, Path(name))]
        print(f"{workload.name}: {check_with_wasmtime(workload):,} instructions; {'; '.join(said)}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
