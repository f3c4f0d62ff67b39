"""The specification's scripts with native code.

`python -m tests.native.scripts [--part all|second|half:SEED] [--target TRIPLE] PATH…`
"""

import argparse
import sys
from pathlib import Path

from fusee.wast.engine_driver import EngineDriver
from fusee.wast.report import Report
from fusee.wast.script import find_scripts
from fusee.wast.suite import run_files
from tests.native.parts import Part, natively


def run_natively(paths: list[Path], name: str, target: str | None = None) -> tuple[Report, Part]:
    """The report on scripts with a part of all functions native."""
    with natively(name) as part:
        return run_files(find_scripts(paths), lambda gate: EngineDriver(gate, target=target)), part


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--part", default="all")
    arguments.add_argument("--target", help="an emulated device")
    arguments.add_argument("paths", nargs="+", type=Path)
    given = arguments.parse_args()
    report, part = run_natively(given.paths, given.part, given.target)
    for failure in report.failures:
        print(failure)
    print(report.summary)
    print(f"{part.native} functions native, {part.interpreted} interpreted: {part.reasons}")
    sys.exit(bool(report.failures))


if __name__ == "__main__":
    main()
