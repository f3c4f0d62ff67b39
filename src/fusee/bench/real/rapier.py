"""Lets boxes fall with Rapier, physics in Rust: `python -m fusee.bench.real.rapier ENGINE MODULE [COUNT]`.

A pile of boxes and balls falls on a floor, for COUNT steps. What is printed is where they are at the end: the same
numbers under all engines. The exports are those that wasm-bindgen has made for the JavaScript beside the module.
"""

import struct
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from fusee.bench.real.guest import Aborted, Guest, main

_FIXED, _DYNAMIC = 1, 0  # kinds of bodies
_ALL: Final = 0xFFFF_FFFF  # groups with which something collides
_FORCE: Final = 3.0e38  # no contact is so strong that somebody is told
_CONTACTS: Final = 15  # kinds of bodies that can touch
_LAYERS, _SIDE = 4, 4
_SCRATCH, _GLOBAL, _CLOCK = 1, 2, 3  # JavaScript's objects: where a position is written, and what has a clock
_PARTS: Final = (
    "integrationparameters", "islandmanager", "broadphase", "narrowphase", "rigidbodyset", "colliderset",
    "impulsejointset", "multibodyjointset", "ccdsolver",
)  # fmt: skip


class World(Guest):
    """Rapier, and what a simulation consists of."""

    def _supply(self, linker: Any) -> None:
        self._scratch = [0.0, 0.0, 0.0]
        self._functions: dict[str, Callable[..., Any]] = {  # by a part of their names, which end with a number
            "set_index": lambda _, place, number: self._scratch.__setitem__(place, number),
            "object_drop_ref": lambda _: None,
            "object_clone_ref": lambda number: number,
            # A clock, for the profiler, which stands still.
            "static_accessor": lambda: _GLOBAL,
            "is_undefined": lambda number: int(number == 0),
            "wbg_performance": lambda _: _CLOCK,
            "wbg_now": lambda _: 0.0,
        }
        for item in self.module.imports:
            linker.define_func(item.module, item.name, item.type, self._supplied(item.name))

    def _supplied(self, name: str) -> Callable[..., Any]:
        """A function of JavaScript's; those that only events and queries need are not there."""
        for part, function in self._functions.items():
            if part in name:
                return function

        def missing(*_: Any) -> Any:
            raise Aborted(f"{name} was called")

        return missing

    def _start(self) -> None:
        self._call_if_there("__wbindgen_start")

    def answers(self, arguments: Sequence[str]) -> Iterator[bytes]:
        (count,) = arguments
        self._parts = {part: self.call(f"raw{part}_new") for part in _PARTS}
        pipeline, gravity = self.call("rawphysicspipeline_new"), self._vector(0.0, -9.81, 0.0)
        self._add(_FIXED, (0.0, -0.5, 0.0), self.call("rawshape_cuboid", 50.0, 0.5, 50.0))
        bodies = [self._falling(number) for number in range(_LAYERS * _SIDE * _SIDE)]
        for _ in range(int(count)):
            self.call("rawphysicspipeline_step", pipeline, gravity, *self._parts.values())
        for body in bodies:
            self.call("rawrigidbodyset_rbTranslation", self._parts["rigidbodyset"], body, _SCRATCH)
            yield (" ".join(struct.pack(">f", number).hex() for number in self._scratch) + "\n").encode()

    def _falling(self, number: int) -> float:
        """A box or a ball of the pile."""
        layer, place = divmod(number, _SIDE * _SIDE)
        row, column = divmod(place, _SIDE)
        is_ball = (row + column + layer) % 3 == 0
        shape = self.call("rawshape_ball", 0.45) if is_ball else self.call("rawshape_cuboid", 0.5, 0.4, 0.45)
        return self._add(_DYNAMIC, (1.05 * column + 0.2 * layer, 1.0 + 1.1 * layer, 1.05 * row - 0.1 * layer), shape)

    def _vector(self, *numbers: float) -> int:
        found: int = self.call("rawvector_new", *numbers)
        return found

    def _add(self, kind: int, at: tuple[float, float, float], shape: int) -> float:
        """A body with one collider; gives the body's handle."""
        turn, none = self.call("rawrotation_identity"), self._vector(0.0, 0.0, 0.0)
        body: float = self.call(
            "rawrigidbodyset_createRigidBody", self._parts["rigidbodyset"], 1, self._vector(*at), turn, 1.0, 0.0, 0,
            none, none, none, none, turn, 1, 1, 1, 1, 1, 1, 0.0, 0.0, kind, 1, 0, 0.0, 0, 0, 0,
        )  # fmt: skip
        result = self.call("__wbindgen_add_to_stack_pointer", -16)
        self.call(
            "rawcolliderset_createCollider", result, self._parts["colliderset"], 1, shape, none, turn, 0, 0.0, none,
            none, turn, 1.0, 0.5, 0.1, 0, 0, 0, _ALL, _ALL, _CONTACTS, 0, 0, _FORCE, 0.0, 1, body,
            self._parts["rigidbodyset"],
        )  # fmt: skip
        made = self.pointer(result)
        self.call("__wbindgen_add_to_stack_pointer", 16)
        if not made:
            raise Aborted("a collider could not be made")
        return body


GUEST = World

if __name__ == "__main__":
    sys.exit(main(GUEST))
