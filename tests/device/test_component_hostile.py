"""WASI of components on a device, called with any values: it answers or traps, and nothing is lost."""

from pathlib import Path
from typing import Any

import pytest

from fusee.component.types.composite import ListType, OptionType, ResultType, TupleType
from fusee.component.types.resource import HandleType, OwnType, ResourceType
from fusee.component.types.valtype import ValType
from fusee.component.values import Variant
from fusee.spec.wasi import Errno
from fusee.wasi.p2.interface import _CLASSES as CLASSES
from fusee.wasi.p2.interface import INTERFACES as ALL
from fusee.wasi.p2.interface import VERSION
from fusee.wasi.resources import Resource
from tests.device.components import DeviceTrap
from tests.device.guestcalls import INTERFACES, Relay
from tests.wasi.program import Program
from tests.wasi.test_p2_hostile import Values

FUNCTIONS = [(name, one) for name in INTERFACES for one in ALL[f"wasi:{name}@{VERSION}"].functions.values()]
WORDS = {
    ty: word for name in INTERFACES for word, ty in ALL[f"wasi:{name}@{VERSION}"].names.items()
    if isinstance(ty, ResourceType)
}  # fmt: skip
CALLS = 150


class Handles(Values):
    """Values whose handles are numbers that the guest has, for the most part."""

    def __init__(self, seed: int) -> None:
        super().__init__(Program(), f"device {seed}")
        self.known: dict[ResourceType, list[int]] = {ty: [] for ty in WORDS}

    def resource(self, kind: type[Resource]) -> Any:
        every = [number for found in self.known.values() for number in found]
        right = [number for ty, found in self.known.items() if CLASSES[ty._host or 0] is kind for number in found]
        if right and self.random.random() < 0.98:
            return self.random.choice(right)
        return self.random.choice([*every, 0, 77, (1 << 32) - 1])

    def note(self, ty: ValType | None, value: Any) -> None:
        """The handles that a guest has been given."""
        if isinstance(ty, OwnType):
            self.known[ty._ty].append(value)
        elif isinstance(ty, ListType):
            for one in value:
                self.note(ty._element, one)
        elif isinstance(ty, TupleType):
            for part, one in zip(ty._elements, value, strict=True):
                self.note(part, one)
        elif isinstance(ty, OptionType) and value is not None:
            self.note(ty._payload, value)
        elif isinstance(ty, ResultType) and isinstance(value, Variant):
            self.note(ty._ok if value.tag == "ok" else None, value.payload)

    def callable_now(self) -> list[Any]:
        """Functions that there are handles for, and some others."""
        return [
            (name, one) for name, one in FUNCTIONS
            if all(not isinstance(ty, HandleType) or self.known[ty._ty] for _, ty in one.params)
            or self.random.random() < 0.01
        ]  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_any_values(tmp_path: Path, seed: int) -> None:
    (tmp_path / "secret").write_text("secret")
    root = tmp_path / "root"
    (root / "a/b").mkdir(parents=True)
    (root / "file").write_text("hello")
    left, ways = CALLS, {"ok": 0, "err": 0, "trap": 0}
    while left > 0:
        guest, values = Relay(root), Handles(seed * CALLS + left)
        guest.device.when_waiting = lambda guest=guest: guest.call("fusee_store_interrupt", guest.store, 1)
        try:
            for _ in range(left):
                left -= 1
                take_a_step(guest, values, ways)
        except DeviceTrap:
            ways["trap"] += 1
        assert guest.close() == 0
    assert (tmp_path / "secret").read_text() == "secret"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["root", "secret"]
    assert min(ways.values()) > 0


def take_a_step(guest: Relay, values: Handles, ways: dict[str, int]) -> None:
    """Drop a handle, or call a function, of which the app's part may fail."""
    random = values.random
    owners = [ty for ty, found in values.known.items() if found]
    if owners and random.random() < 0.1:
        ty = random.choice(owners)
        guest.drop(values.known[ty].pop(random.randrange(len(values.known[ty]))), WORDS[ty])
        return
    guest.files.most = random.choice((1, 100, 1 << 30))
    guest.files.failing = {random.choice(("read", "write", "stat", "open")): random.choice([*Errno][1:])}
    if random.random() < 0.8:
        guest.files.failing = {}
    name, function = random.choice(values.callable_now())
    found = guest.plain(name, function.name, *(values.of(ty) for _, ty in function.params))
    ways["err" if isinstance(found, Variant) and found.tag == "err" else "ok"] += 1
    values.note(function.result, found)
