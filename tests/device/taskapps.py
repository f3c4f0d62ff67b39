"""Apps on devices with asynchronous components, and the same components on this machine."""

from functools import partial
from typing import Any

from fusee import Trap
from fusee.component import FuncType
from tests.component.guests import World
from tests.device.components import App, DeviceTrap

TRIPLE = "arm64_32-apple-watchos"


def _apply(function: Any, arguments: list[Any]) -> Any:
    return function(None, *arguments)


def app_of(guest: str, **functions: Any) -> App:
    """An app that gives functions of Python."""
    app = App(TRIPLE, guest)
    for name, function in functions.items():
        ty: Any = app.component_type.type._imports[name]
        assert isinstance(ty, FuncType)
        assert app.define("", name, ty, partial(_apply, function))
    app.instantiate()
    return app


def outcomes(call: Any, trap: type[Exception]) -> list[str]:
    """What two calls give."""
    found = []
    for _ in range(2):
        try:
            found.append(repr(call()))
        except trap as error:
            message = str(getattr(error, "message", error)).rpartition("wasm trap: ")[2]
            found.append(message.partition("\nwasm backtrace:")[0].partition(":")[0].strip())
    return found


def both(guest: str, name: str, *args: Any, **functions: Any) -> list[str]:
    """What two calls give, on the device as here."""
    world, app = World(guest, **functions), app_of(guest, **functions)
    here = outcomes(lambda: world.call(name, *args), Trap)
    there = outcomes(lambda: app.func(name)(*args), DeviceTrap)
    assert [one.partition(" index")[0] for one in there] == [one.partition(" index")[0] for one in here]
    assert app.close() == 0
    return there
