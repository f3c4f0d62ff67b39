"""Converts descriptions of data with GoodData's JavaScript in QuickJS, as Javy has compiled it:
`python -m fusee.bench.real.convertors ENGINE MODULE [FILE…]`.

Each file is one request, as JSON. It is the input of a run of its own, as in the package; the run prints the answer.
"""

import sys
from collections.abc import Iterator, Sequence

from fusee.bench.real.guest import Guest, main


class Convertors(Guest):
    """A WASI command that is instantiated anew for each request."""

    def answers(self, arguments: Sequence[str]) -> Iterator[bytes]:
        for file in arguments:
            self.convert(file)
        return iter(())

    def convert(self, file: str) -> None:
        """Answer one request."""
        config = self._streams()
        config.stdin_file = file
        self._open(config)
        self.call("_start")

    def _start(self) -> None:
        """Nothing comes before a request."""


GUEST = Convertors

if __name__ == "__main__":
    sys.exit(main(GUEST))
