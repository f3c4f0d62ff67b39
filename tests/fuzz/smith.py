"""Random valid modules from `wasm-tools smith`: the same seed always gives the same module."""

import json
import random
import subprocess
import tempfile
from pathlib import Path

from fusee.api.text import find_wasm_tools

# What Fusee executes is on; memories and tables are small, so that growing them never depends on the machine.
CONFIG = {
    "simd-enabled": False,
    "relaxed-simd-enabled": False,
    "gc-enabled": False,
    "exceptions-enabled": False,
    "threads-enabled": False,
    "shared-everything-threads-enabled": False,
    "custom-page-sizes-enabled": False,
    "custom-descriptors-enabled": False,
    "compact-imports-enabled": False,
    "wide-arithmetic-enabled": False,
    "memory64-enabled": True,
    "tail-call-enabled": True,
    "multi-value-enabled": True,
    "bulk-memory-enabled": True,
    "reference-types-enabled": True,
    "saturating-float-to-int-enabled": True,
    "sign-extension-ops-enabled": True,
    "extended-const-enabled": True,
    "canonicalize-nans": True,
    "export-everything": True,
    "max-imports": 0,
    "min-funcs": 4,
    "max-funcs": 12,
    "max-memories": 3,
    "min-memories": 1,
    "max-memory32-bytes": 1 << 20,
    "max-memory64-bytes": 1 << 20,
    "max-table-elements": 1000,
    "max-instructions": 400,
    "memory-max-size-required": True,
    "table-max-size-required": True,
}
LOOP_BUDGET = 300
SEED_BYTES = 6000


def make_module(seed: int) -> bytes | None:
    """A module that always ends; None for the few seeds that give none.

    Most random modules trap soon, so three of four avoid that: their divisions and accesses are guarded.
    """
    with tempfile.TemporaryDirectory() as folder:
        config, output = Path(folder) / "config.json", Path(folder) / "module.wasm"
        config.write_text(json.dumps(CONFIG | {"disallow-traps": seed % 4 != 0}))
        options = ["--config", str(config), "--ensure-termination", "--fuel", str(LOOP_BUDGET)]
        command = [find_wasm_tools(), "smith", *options, "--output", str(output)]
        result = subprocess.run(command, input=random.Random(seed).randbytes(SEED_BYTES), capture_output=True)
        return output.read_bytes() if result.returncode == 0 else None
