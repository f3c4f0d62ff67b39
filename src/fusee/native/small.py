"""How a process begins that compiles native code."""

from fusee.engine.isa.selection import SIZE, choose


def begin() -> None:
    """Import no more of the interpreter's instructions than need be: native code has none of them."""
    choose(SIZE)
