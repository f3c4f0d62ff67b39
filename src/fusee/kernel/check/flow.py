"""What is known at one point of a body, and where loops lead."""

from __future__ import annotations

from typing import Any

MISSING = object()


class Flow:
    """What is known at one point of the body: which locals hold a value, and the static ones' values."""

    __slots__ = ("assigned", "reachable", "statics")

    def __init__(self, assigned: set[str], statics: dict[str, Any], reachable: bool = True) -> None:
        self.assigned = assigned
        self.statics = statics
        self.reachable = reachable

    def copy(self) -> Flow:
        return Flow(set(self.assigned), dict(self.statics), self.reachable)

    def join(self, other: Flow) -> Flow:
        """What is known where two paths meet."""
        if not self.reachable:
            return other
        if not other.reachable:
            return self
        same = {n: v for n, v in self.statics.items() if other.statics.get(n, MISSING) is v}
        return Flow(self.assigned & other.assigned, same)


class LoopContext:
    """The loop around a statement: what is known where `break` and `continue` lead."""

    __slots__ = ("at_break", "at_continue", "unrolled")

    def __init__(self, unrolled: bool) -> None:
        self.at_break: list[Flow] = []
        self.at_continue: list[Flow] = []
        self.unrolled = unrolled
