"""`python -m tests.wasi PATH…`: programs of the WASI test suite, files or folders.

`known_failures.toml` names those that fail, with the reason: one that passes is an error, too.
"""

import sys
import tomllib
from pathlib import Path

from tests.wasi.suite import run_program

KNOWN = Path(__file__).with_name("known_failures.toml")


def main(arguments: list[str]) -> int:
    """The exit status: 0 if everything is as it is known to be."""
    known: dict[str, str] = tomllib.loads(KNOWN.read_text())["failures"]
    given = [Path(name) for name in arguments]
    programs = sorted(program for path in given for program in ([path] if path.is_file() else path.rglob("*.wasm")))
    wrong, failed = [], 0
    for program in programs:
        message = run_program(program)
        failed += bool(message)
        if message and program.stem not in known:
            wrong.append(f"{program.parent.name}/{program.stem}: {message}")
        elif not message and program.stem in known:
            wrong.append(f"stale: {program.stem}")
    print(*wrong, f"{len(programs) - failed} passed, {failed} failed", sep="\n")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
