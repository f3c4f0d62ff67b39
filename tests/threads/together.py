"""Work for several threads at once, all of which begin at the same moment."""

import threading
from collections.abc import Callable
from typing import Final

THREADS: Final = 8
_PATIENCE_SECONDS: Final = 3600.0


def together(work: Callable[[int], object], count: int = THREADS) -> None:
    """Call `work` with the numbers from 0 on, each in a thread of its own. Raises what the first of them has raised."""
    begin = threading.Barrier(count)
    failures: list[BaseException] = []

    def run(number: int) -> None:
        try:
            begin.wait()
            work(number)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(number,), daemon=True) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(_PATIENCE_SECONDS)
        assert not thread.is_alive()
    if failures:
        raise failures[0]
