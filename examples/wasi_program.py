"""Runs a WASI program with arguments of its own, a folder to write to, and its output in a file.

Prints:
    exit status 0
    watch.ppm: b'P6 64 64 255'
"""

import tempfile
from pathlib import Path

from fusee import Engine, ExitTrap, Func, Linker, Module, Store, WasiConfig

PROGRAM = Path(__file__).with_name("watch.wasm")


def run(arguments: list[str], folder: Path) -> int:
    """Run the program to its end; the guest sees the folder as its root."""
    engine = Engine()
    linker = Linker(engine)
    linker.define_wasi()
    store = Store(engine)
    wasi = WasiConfig()
    wasi.argv = [PROGRAM.stem, *arguments]
    wasi.stdout_file = str(folder / "stdout.txt")
    wasi.preopen_dir(str(folder), "/")
    store.set_wasi(wasi)
    start = linker.instantiate(store, Module.from_file(engine, str(PROGRAM))).exports(store)["_start"]
    assert isinstance(start, Func)
    try:
        start(store)
    except ExitTrap as ended:
        return ended.code
    return 0


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        status = run(["--time", "10:09:36", "--columns", "64", "--image", "/watch.ppm"], folder)
        print("exit status", status)
        print("watch.ppm:", b" ".join((folder / "watch.ppm").read_bytes()[:13].split()))


if __name__ == "__main__":
    main()
