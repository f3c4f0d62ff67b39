"""Several threads in one engine, for long: `python -m tests.threads calls`, `lifetimes`, `waves`, `speed`, `pthreads`.
`exported` calls functions of real modules, those that have to do with threads for example. `interrupts` is about C.

`FUSEE_CHECKED=1` selects the checked build.
"""

import argparse
import time
from pathlib import Path

from fusee import Engine
from tests.threads.exported import compare
from tests.threads.first_calls import rounds
from tests.threads.interrupts import interrupt
from tests.threads.lifetimes import live_and_end
from tests.threads.pthreads import run as run_program
from tests.threads.speed import measure
from tests.threads.waves import run_waves


def main() -> None:
    parser = argparse.ArgumentParser("python -m tests.threads", description=__doc__)
    parser.add_argument("what", choices=("calls", "lifetimes", "waves", "speed", "pthreads", "exported", "interrupts"))
    parser.add_argument("--rounds", type=int, default=1000, help="of first calls and interrupts; of others a hundredth")
    parser.add_argument("--functions", type=int, default=10_000, help="of the module whose functions are called")
    parser.add_argument("--seconds", type=float, default=60.0, help="of lifetimes and waves; of measuring a twentieth")
    parser.add_argument("--libc", type=Path, help="of `pthreads`: a folder with a C library for wasi-threads")
    parser.add_argument("--modules", type=Path, nargs="+", default=[], help="of `exported`: WebAssembly files")
    given = parser.parse_args()
    begun = time.monotonic()
    if given.what == "calls":
        for number in rounds(Engine(), given.functions, given.rounds):
            if number % 10 == 0 or number == given.rounds:
                print(f"{number} rounds, {time.monotonic() - begun:.0f} s", flush=True)
    elif given.what == "lifetimes":
        print(f"{live_and_end(given.seconds):,} modules in {time.monotonic() - begun:.0f} s")
    elif given.what == "waves":
        print(f"{run_waves(given.seconds):,} interruptions in {time.monotonic() - begun:.0f} s")
    elif given.what == "interrupts":
        interrupt(given.rounds)
    elif given.what == "pthreads":
        if given.libc is None:
            parser.error("`pthreads` needs --libc")
        run_program(given.libc, max(1, given.rounds // 100))
    elif given.what == "exported":
        for path in given.modules:
            compare(path)
    else:
        measure(given.seconds / 20, max(2, given.rounds // 100))


if __name__ == "__main__":
    main()
