"""Commands that need the whole engine, and say so if they go on with what is compiled in the background."""

import sys


def need_whole_engine() -> None:
    """Have this process's engine be the whole one; it says so if that is taken over from the background."""
    from fusee.api._start import use_whole_engine

    use_whole_engine(_say)


def _say() -> None:
    print("fusee: going on here with the engine that was being compiled in the background", file=sys.stderr, flush=True)
