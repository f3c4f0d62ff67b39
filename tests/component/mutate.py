"""`python -m tests.component.mutate FIRST COUNT`: mutates components, and looks whether the decoder survives it.

`wasm-tools` must accept and refuse the same components, but for what is not supported. What is accepted is instantiated
with traps for its imports, and called.
"""

import subprocess
import sys
import time
from typing import Any

import fusee
from fusee import Config, Engine, Store, wat2wasm
from fusee.api.text import find_wasm_tools
from fusee.component import Component, FuncType
from fusee.component import Linker as ComponentLinker
from fusee.component.items import ComponentInstanceType
from tests.component.asyncguests import CARRYING, WAITING
from tests.component.samples import sources
from tests.fuzz.mutate import mutated
from tests.fuzz.seeds import first_and_count

MOST_SECONDS = 1.0
FUEL = 10_000
UNSUPPORTED = "-cm-values,-cm64,-shared-everything-threads,-stack-switching"
"""What `wasm-tools` need not know."""


def accepts(wasm: bytes) -> bool:
    """Whether `wasm-tools` takes it."""
    command = [find_wasm_tools(), "validate", "--features", f"all,{UNSUPPORTED}", "-"]
    return subprocess.run(command, input=wasm, capture_output=True, check=False).returncode == 0


class Target:
    """An engine."""

    def __init__(self) -> None:
        config = Config()
        config.consume_fuel = True
        self.engine = Engine(config)

    def attempt(self, wasm: bytes) -> str:
        """`accepted`, `refused`, or what is wrong."""
        started = time.thread_time()
        try:
            component = Component(self.engine, wasm)
        except fusee.UnsupportedError:
            return "refused"
        except fusee.FuseeError as error:
            if error.offset is None and not isinstance(error, fusee.LimitError):
                return f"an error without an offset: {error}"
            if not isinstance(error, fusee.LimitError) and accepts(wasm):
                return f"wasm-tools accepts what is refused: {error}"
            return "refused"
        if time.thread_time() - started > MOST_SECONDS:
            return "it takes too long"
        if not accepts(wasm):
            return "wasm-tools refuses what is accepted"
        self.run(component)
        return "accepted"

    def run(self, component: Component) -> None:
        """Instantiate it, and call what takes nothing."""
        store = Store(self.engine)
        store.set_fuel(FUEL)
        store.set_limits(memory_size=1 << 22)
        linker = ComponentLinker(self.engine)
        linker.define_unknown_imports_as_traps(component)
        try:
            instance = linker.instantiate(store, component)
            self.call(store, instance, component.type._exports, None)
        except fusee.FuseeError:
            return

    def call(self, store: Store, instance: Any, exports: dict[str, Any], inside: Any) -> None:
        """Call functions with small values."""
        for name, item in exports.items():
            index = instance.get_export_index(store, name, inside)
            if isinstance(item, ComponentInstanceType):
                self.call(store, instance, item._exports, index)
            elif isinstance(item, FuncType):
                function = instance.get_func(store, index)
                try:
                    function(store, *[1 for _ in item.params])
                except (fusee.FuseeError, TypeError, ValueError):
                    continue


def main(first: int, count: int) -> int:
    """The exit status."""
    target, origins = Target(), [*sources(), *(bytes(wat2wasm(text)) for text in (WAITING, CARRYING))]
    findings, outcomes = 0, {"accepted": 0, "refused": 0}
    for seed in range(first, first + count):
        wasm = mutated(seed, origins)
        try:
            outcome = target.attempt(wasm)
        except Exception as error:
            outcome = f"{type(error).__name__}: {error}"
        if outcome in outcomes:
            outcomes[outcome] += 1
        else:
            findings += 1
            print(f"{seed}: {outcome}", flush=True)
    print(f"{outcomes['accepted']} accepted, {outcomes['refused']} refused, {findings} findings")
    return int(findings > 0)


if __name__ == "__main__":
    sys.exit(main(*first_and_count(__doc__)))
