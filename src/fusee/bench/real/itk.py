"""Runs a pipeline of itk-wasm: `python -m fusee.bench.real.itk ENGINE MODULE [ARGUMENT…]`.

The arguments are the pipeline's own. It keeps its result in memory, from where it is read and printed.
"""

import sys
from collections.abc import Iterator, Sequence
from typing import Final

from fusee.bench.real.guest import Aborted, Guest, main

_RESULT: Final = (0, 0, 0)  # memory, output, and part of that


class Pipeline(Guest):
    """A program that is started by the host, and keeps its memory until it is told to end."""

    def answers(self, arguments: Sequence[str]) -> Iterator[bytes]:
        yield self.result(arguments) + b"\n"

    def result(self, arguments: Sequence[str]) -> bytes:
        """Output 0, as JSON. Raises `Aborted` if the pipeline fails; it has written why."""
        config = self._streams()
        config.argv = ["--memory-io", "0", *arguments]
        self._open(config)
        self._start()
        status = self.call("itk_wasm_delayed_start")
        if status != 0:
            raise Aborted(f"the pipeline gave status {status}")
        address, size = (self.call(f"itk_wasm_output_array_{what}", *_RESULT) for what in ("address", "size"))
        return self.read(address, size)


GUEST = Pipeline

if __name__ == "__main__":
    sys.exit(main(GUEST))
