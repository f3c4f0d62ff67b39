"""A progress bar for the engine's first build, for whoever waits at a terminal.

Building takes a while and happens once: after that, the engine comes from the cache. So the library
that draws is imported only when there is something to draw.
"""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class BuildProgress:
    """Called with how much is done of how much; shows nothing where nobody watches."""

    def __init__(self) -> None:
        self._bar: tuple[Progress, TaskID] | None = None

    def __call__(self, done: int, total: int) -> None:
        if self._bar is None:
            if done >= total or not sys.stderr.isatty():
                return
            self._bar = _start(total)
        progress, task = self._bar
        progress.update(task, completed=done)
        if done >= total:
            progress.stop()
            self._bar = None


def _start(total: int) -> "tuple[Progress, TaskID]":
    from rich.console import Console
    from rich.progress import Progress

    progress = Progress(console=Console(stderr=True), transient=True)
    task = progress.add_task("Building the engine, once for this machine", total=total)
    progress.start()
    return progress, task
