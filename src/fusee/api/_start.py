"""Which engine a process begins with: the whole one, or a small one while the whole one is compiled.

Thousands of handlers take their time, and a first program should not wait for those that it does not need. So where
the whole engine is not in the cache, a process compiles the selection `START`, and leaves the whole one to another
process in the background. Every process that begins meanwhile runs on `START` as well.
"""

import contextlib
import os
import sys
from typing import TYPE_CHECKING, Any

from fusee.engine.isa.selection import START, Selection, choose, chosen, is_settled
from fusee.kernel.cache import Cache
from fusee.kernel.library import Library, defined_key, find_defined, load_defined

if TYPE_CHECKING:
    from collections.abc import Callable

    from fusee.kernel.program import Program, Progress

_FAILED = "failed"  # a kind of cache entries: of what could not be compiled in the background

_needs_whole = False
_taken_over: "Callable[[], None] | None" = None


def use_whole_engine(taken_over: "Callable[[], None] | None" = None) -> None:
    """Say that this process measures or shows the engine, and needs the whole one.

    If that is just being compiled in the background, it is gone on with here, not behind everything else. Then
    `taken_over` is called, if it was given once.
    """
    global _needs_whole, _taken_over
    _needs_whole, _taken_over = True, taken_over or _taken_over


def load_engine(checked: bool, progress: "Progress | None") -> Library:
    """The engine of this process."""
    name = program_name(chosen())
    found = find_defined(name, checked)
    if found is not None:
        return found
    _ = chosen().patterns  # OSError if a user's file is not there
    if checked or not _may_start_small(name):
        library = load_defined(name, define_program, checked, progress, _taken_over)
        Cache().delete(_FAILED, defined_key(name))
        return library
    wanted = chosen()
    choose(START)
    library = load_defined(program_name(START), define_program, progress=progress)
    _compile_meanwhile(wanted)
    return library


def program_name(selection: Selection) -> str:
    """What the cache knows the engine of a selection by."""
    return f"fusee {selection.place}"


def define_program() -> "Program":
    """The engine, which nobody imports whole unless it is compiled."""
    from fusee.engine.program import PROGRAM

    return PROGRAM


def _may_start_small(name: str) -> bool:
    """Whether it is not too late, and the whole engine much larger; what has failed unseen must fail seen."""
    from fusee.kernel import background

    if _needs_whole or is_settled() or chosen().pins <= START.pins or not background.is_possible():
        return False
    return Cache().read(_FAILED, defined_key(name)) is None


def _compile_meanwhile(selection: Selection) -> None:
    """Have the engine of a selection compiled, unless somebody is at it or nothing can be kept."""
    import json

    from fusee.kernel import background

    cache = Cache()
    claim = cache.claim(defined_key(program_name(selection)))
    if claim is not None:
        with claim, contextlib.suppress(OSError):
            background.run_in_background(
                f"{__name__}:{compile_whole.__name__}",
                json.dumps(selection.as_json()),
                environment={"FUSEE_CACHE": os.path.realpath(cache.folder)},
                inherited=(claim.fileno(),),
            )


def compile_whole(selection: str) -> None:
    """In the background: compile the engine of a selection into the cache."""
    import json

    wanted = Selection.from_json(json.loads(selection))
    choose(wanted)
    use_whole_engine()
    try:
        load_engine(checked=False, progress=None)
    except Exception as error:
        Cache().write(_FAILED, defined_key(program_name(wanted)), repr(error).encode())


class ProgressBar:
    """A progress bar on a terminal while the engine is built for the first time; silent when it is loaded."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> "ProgressBar":
        return self

    def __call__(self, done: int, total: int) -> None:
        if self._bar is None:
            if sys.stderr is None or not sys.stderr.isatty():
                return
            from rich.console import Console
            from rich.progress import Progress

            self._bar = Progress(console=Console(stderr=True), transient=True)
            self._task = self._bar.add_task("Compiling the engine (once)", total=total)
            self._bar.start()
        self._bar.update(self._task, completed=done, total=total)

    def __exit__(self, *exception: object) -> None:
        if self._bar is not None:
            self._bar.stop()
