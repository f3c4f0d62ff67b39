"""Runs JavaScript in QuickJS: `python -m fusee.bench.real.quickjs ENGINE MODULE [SCRIPT…]`.

Each script is run as `qjs -e` does, in a QuickJS of its own. What it prints, QuickJS writes itself.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from fusee.bench.real.guest import Aborted, Guest, main, pointers


class QuickJs(Guest):
    """QuickJS as a library, whose only interface is that of its command line."""

    def answers(self, arguments: Sequence[str]) -> Iterator[bytes]:
        for script in arguments:
            self.run(Path(script).read_text("utf-8"))
        return iter(())

    def run(self, script: str) -> None:
        """Raises `Aborted` if the script does not come to its end; QuickJS has written why."""
        words = ("qjs", "-e", script)
        vector = self.allocate(pointers(*map(self.string, words), 0))
        if self.call("qjs_init_argv", len(words), vector) != 0:
            raise Aborted("the script has failed")
        self.call("qjs_destroy")


GUEST = QuickJs

if __name__ == "__main__":
    sys.exit(main(GUEST))
