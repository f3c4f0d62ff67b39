"""`python -m tests.device.sandboxes FILE FOLDER CODE…`: CPython in a component, on an emulated device and here.

FILE is `python-sandbox.wasm` of `hyperlight-sandbox-python-guest` (PyPI), FOLDER what programs see as `/`, each CODE a
program. What it writes must be the same. The instructions that the device executes are counted.
"""

import sys
from pathlib import Path
from typing import Any, Final

from fusee import Engine, Store, WasiConfig
from fusee.component import Component, Linker
from fusee.emulator.count import InstructionCount
from tests.device.appdevice import device_of
from tests.device.commands import TRIPLE, Command

EXECUTOR: Final = "hyperlight:sandbox/executor"


def on_host(wasm: bytes, folder: Path, programs: list[str]) -> list[Any]:
    """What they give."""
    engine = Engine()
    store, component, linker = Store(engine), Component(engine, wasm), Linker(engine)
    config = WasiConfig()
    config.preopen_dir(str(folder), "/")
    store.set_wasi(config)
    linker.add_wasip2()
    linker.define_unknown_imports_as_traps(component)
    made = linker.instantiate(store, component)
    index = component.get_export_index("run", component.get_export_index(EXECUTOR))
    assert index is not None
    function = made.get_func(store, index)
    assert function is not None
    return [function(store, program) for program in programs]


def on_device(wasm: bytes, folder: Path, programs: list[str]) -> list[Any]:
    """The same; how many instructions it took is shown."""
    count = InstructionCount(device_of(TRIPLE))
    app = Command(wasm, [], folders={"/": folder})
    app.call("fusee_component_allow_undefined", app.component, 1)
    print(f"{count.total:,} instructions until it is loaded", file=sys.stderr)
    app.instantiate()
    print(f"{count.total:,} until there is an instance", file=sys.stderr)
    found = []
    for program in programs:
        found.append(app.func("run", EXECUTOR)(program))
        print(f"{count.total:,} until {found[-1]}", file=sys.stderr)
    app.close()
    return found


def main(file: str, folder: str, *programs: str) -> int:
    """1 if they differ."""
    wasm = Path(file).read_bytes()
    found = on_device(wasm, Path(folder), [*programs])
    expected = on_host(wasm, Path(folder), [*programs])
    for program, one, other in zip(programs, expected, found, strict=True):
        print(f"{program}: {'the same' if one == other else f'{one} here, {other} there'}")
    return int(expected != found)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
