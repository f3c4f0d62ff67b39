"""Rebuilds the workloads' modules from their C sources: `python -m fusee.bench.workloads.build [NAME…]`."""

import subprocess
import sys
from pathlib import Path

from fusee.bench.workloads import WORKLOADS

# Nothing newer than what every peer implements, and no SIMD: the comparison is of scalar interpreters.
FEATURES = "mvp+bulk_memory+mutable_globals+nontrapping_fptoint+sign_ext"

FLAGS = (
    "-target",
    "wasm32-freestanding",
    f"-mcpu={FEATURES}",
    "-O2",
    "-Wall",
    "-nostdlib",
    "-Wl,--no-entry",
    "-Wl,--strip-all",
)


def build(source: Path, module: Path) -> None:
    """Compile one C file with the compiler of the `ziglang` package."""
    command = [sys.executable, "-m", "ziglang", "cc", *FLAGS, "-o", str(module), str(source)]
    subprocess.run(command, check=True)
    module.chmod(0o644)


def main() -> None:
    """Build the named workloads, or all of them."""
    for workload in WORKLOADS:
        if len(sys.argv) == 1 or workload.name in sys.argv[1:]:
            build(workload.path.with_suffix(".c"), workload.path)
            print(f"{workload.path.name}: {workload.path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
