"""Profiles a module that a program in Python calls: `python -m fusee.tune.hosted PROFILE HOST MODULE [ARGUMENT…]`.

HOST is a module like those beside `fusee.bench.real.guest`. Nothing is written if it fails.
"""

import sys
from importlib import import_module
from pathlib import Path

import fusee
from fusee.bench.real.guest import run
from fusee.tune.profile import Profile


def main() -> int:
    """Run the host with an engine that counts; the exit status."""
    profile, host, module, *arguments = sys.argv[1:]
    config = fusee.Config()
    config.profiled = True
    guest = run(import_module(host).GUEST, fusee, fusee.Engine(config), Path(module), arguments)
    if guest is None:
        return 1
    Profile.of(guest.module).write(Path(profile))
    return 0


if __name__ == "__main__":
    sys.exit(main())
