"""`python -m tests.component PATH…`: specification scripts of components, files or folders.

`known_failures.toml` names scripts and places that fail, with the reason: one that passes is an error, too.
"""

import sys
import tomllib
from pathlib import Path

from tests.component.suite import run_script

KNOWN = Path(__file__).with_name("known_failures.toml")


def main(arguments: list[str]) -> int:
    """The exit status: 0 if everything is as it is known to be."""
    known: dict[str, str] = tomllib.loads(KNOWN.read_text())["failures"]
    given = [Path(name) for name in arguments]
    scripts = sorted(script for path in given for script in ([path] if path.is_file() else path.rglob("*.wast")))
    passed, failed, unexpected, needed = 0, 0, [], set()
    for script in scripts:
        for place, message in run_script(script):
            names = {place, script.stem} & known.keys()
            passed += not message
            failed += bool(message)
            if message:
                needed |= names
            if message and not names:
                unexpected.append(f"{script.parent.name}/{place}: {message}")
    stems = {script.stem for script in scripts}
    stale = [name for name in known if name.partition(":")[0] in stems and name not in needed]
    print(*unexpected, *(f"stale: {name}" for name in stale), f"{passed} passed, {failed} failed", sep="\n")
    return int(bool(unexpected or stale))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
