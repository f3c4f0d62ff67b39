"""`python -m tests.device.componentfuzz FIRST COUNT`: random types on an emulated device and on this machine.

For each seed the app's function is given values of a random type, and gives them back; then the guest's memory has
random bytes, which are lifted. Both machines must give the same values and the same traps, and nothing may be left on
the device.
"""

import re
import sys
from typing import Any, Final

import fusee
from fusee.component import FuncType
from fusee.component.layout import layout_of
from tests.component.guests import World, echo, lifting
from tests.component.randomtypes import ENCODINGS, RandomTypes, flat_of, shown
from tests.device.components import App, DeviceTrap
from tests.fuzz.seeds import first_and_count

TRIPLE: Final = "arm64_32-apple-watchos"
_MOST_BYTES: Final = 1000
"""Results lie below the guest's heap."""


def app_of(text: str, seen: list[Any]) -> App:
    """An app on the device whose `echo` gives its argument back."""
    app = App(TRIPLE, text)
    ty: Any = app.component_type.type._imports["echo"]
    assert isinstance(ty, FuncType)

    def note(arguments: list[Any]) -> Any:
        seen.append(arguments[0])
        return arguments[0]

    assert app.define("", "echo", ty, note)
    app.instantiate()
    return app


def check_values(types: RandomTypes, text: str, ty: Any, encoding: str) -> None:
    """A value passes through the guest, on both."""
    wasm = echo(text, flat_of(ty), encoding, " ".join(types.definitions))
    values = [types.value(ty) for _ in range(3)]
    here: list[Any] = []
    there: list[Any] = []

    def note(store: object, value: Any) -> Any:
        here.append(value)
        return value

    world, app = World(wasm, echo=note), app_of(wasm, there)
    function = app.func("echo")
    for value in values:
        assert shown(world.call("echo", value)) == shown(value)
        assert shown(function(value)) == shown(value)
    assert [*map(shown, here)] == [*map(shown, there)] == [*map(shown, values)]
    assert app.close() == 0


def check_memory(types: RandomTypes, text: str, encoding: str) -> str:
    """What a guest's memory says about a list is the same on both; gives what that is."""
    chance = types.chance
    data = bytes(chance.choice((0, 0, 0, 1, 1, 2, 16, 65, chance.randrange(256))) for _ in range(256))
    wasm = lifting(f"(list {text})", "i32 i32", encoding, data, " ".join(types.definitions))
    place = 8 * chance.randrange(2, 16), chance.randrange(4)
    here: list[Any] = []
    there: list[Any] = []
    try:
        World(wasm, echo=lambda store, value: here.append(value)).call("f", *place)
    except fusee.Trap as trap:
        here.append(_without_numbers(trap.message))
    app = app_of(wasm, there)
    try:
        app.func("f")(*place)
    except DeviceTrap as trap:
        there.append(str(trap))
    assert app.close() == 0
    assert shown(here) == shown(there)
    return shown(here)


def _without_numbers(message: str) -> str:
    """A trap's message as the device has it: no numbers, and one message for all that is no UTF-8."""
    return re.sub(r": \d+", "", message).replace("incomplete utf-8 byte sequence", "invalid utf-8 sequence")


def check(seed: int) -> None:
    """Raises `AssertionError` if the two machines do not agree."""
    types = RandomTypes(seed)
    text, ty = types.type()
    while layout_of(ty).size > _MOST_BYTES:
        text, ty = types.type()
    encoding = types.chance.choice(ENCODINGS)
    check_values(types, text, ty, encoding)
    check_memory(types, text, encoding)


def main(first: int, count: int) -> int:
    """The exit status."""
    findings = 0
    for seed in range(first, first + count):
        try:
            check(seed)
        except Exception as error:
            findings += 1
            print(f"{seed}: {type(error).__name__}: {error}", flush=True)
    print(f"{count} types, {findings} findings")
    return int(findings > 0)


if __name__ == "__main__":
    sys.exit(main(*first_and_count(__doc__)))
