"""Feeds hostile modules to Fusee in a process of its own: `python -m tests.hostile.probe GROUP [--checked]`.

One JSON object a line: first the name of what comes next, then what became of it. A crash therefore names its cause.
"""

import json
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any

import fusee
from tests.hostile.giants import GIANTS, UNAFFORDABLE
from tests.hostile.integers import malformed_numbers
from tests.hostile.samples import SAMPLES

TINY = b"\0asm\1\0\0\0"


def resident_bytes(field: str) -> int:
    """`VmRSS` or `VmHWM` of this process; 0 where the system does not tell."""
    try:
        with open("/proc/self/status", encoding="ascii") as lines:
            return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))
    except (OSError, StopIteration):
        return 0


def reset_peak() -> None:
    """Forget how much memory was used at most so far, where the system can."""
    try:
        with open("/proc/self/clear_refs", "w", encoding="ascii") as control:
            control.write("5")
    except OSError:
        pass


def attempt(action: Callable[[], object]) -> dict[str, Any]:
    """Run it and say whether it was accepted, how it was rejected, how long that took, how much memory."""
    outcome: dict[str, Any] = {"verdict": "accepted"}
    reset_peak()
    before = resident_bytes("VmRSS")
    start = time.perf_counter()
    try:
        action()
    except fusee.FuseeError as error:
        outcome = {"verdict": "rejected", "error": type(error).__name__, "offset": error.offset, "message": str(error)}
    outcome["seconds"] = round(time.perf_counter() - start, 3)
    outcome["extra_bytes"] = max(resident_bytes("VmHWM") - before, 0)
    return outcome


def report(name: str, action: Callable[[], object]) -> None:
    """Announce one case, run it, print its outcome."""
    print(json.dumps({"name": name}), flush=True)
    print(json.dumps(attempt(action)), flush=True)


def validate_all(engine: fusee.Engine, modules: Iterable[tuple[str, bytes]]) -> None:
    """Each module by itself, with its time and memory."""
    for name, wasm in modules:
        report(name, lambda wasm=wasm: fusee.Module(engine, wasm))  # type: ignore[misc]


def instantiate(engine: fusee.Engine, wasm: bytes) -> None:
    """Make an instance and let it go."""
    fusee.Instance(fusee.Store(engine), fusee.Module(engine, wasm), [])


def verdicts(engine: fusee.Engine, modules: Iterable[bytes]) -> dict[str, Any]:
    """A digit a module, 1 for accepted; and rejections that do not say where."""
    digits, without_offset = [], 0
    for wasm in modules:
        try:
            fusee.Module.validate(engine, wasm)
            digits.append("1")
        except fusee.FuseeError as error:
            digits.append("0")
            without_offset += error.offset is None
    return {"verdicts": "".join(digits), "without_offset": without_offset}


def mutations(wasm: bytes) -> Iterable[bytes]:
    """The module with each byte replaced by each other value."""
    for position in range(len(wasm)):
        for value in range(256):
            if value != wasm[position]:
                yield wasm[:position] + bytes([value]) + wasm[position + 1 :]


def truncations(wasm: bytes) -> Iterable[bytes]:
    """The module's beginnings, from nothing to all of it."""
    for end in range(len(wasm) + 1):
        yield wasm[:end]


def main() -> None:
    """Run one group of cases."""
    group = sys.argv[1]
    config = fusee.Config()
    config.checked = "--checked" in sys.argv
    config.wasm_legacy_exceptions = config.wasm_compact_imports = False  # which the oracle does not have
    engine = fusee.Engine(config)
    fusee.Module(engine, TINY)
    if group == "giants":
        validate_all(engine, ((name, make()) for name, (make, _) in GIANTS.items()))
    elif group == "integers":
        validate_all(engine, malformed_numbers())
    elif group == "unaffordable":
        for name, (make, _) in UNAFFORDABLE.items():
            report(name, lambda make=make: instantiate(engine, make()))  # type: ignore[misc]
    else:
        variants = {"mutations": mutations, "truncations": truncations}[group]
        for name, wasm in SAMPLES.items():
            print(json.dumps({"name": name}), flush=True)
            print(json.dumps(verdicts(engine, variants(wasm))), flush=True)


if __name__ == "__main__":
    main()
