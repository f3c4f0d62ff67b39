"""Asynchronous components that devices refuse, and damaged tables of theirs."""

import random
import struct

import pytest

from fusee import Engine, Trap
from fusee.component import Component
from fusee.engine.capi.component.format import NONE, Kind
from fusee.package.components.flatten import flatten
from fusee.package.components.plan import NotForDevices
from tests.component.asyncguests import CARRYING, WAITING, component
from tests.component.guests import World
from tests.device.components import App, DeviceTrap
from tests.device.taskapps import TRIPLE, app_of, outcomes

OUT_OF_PLACE = component(
    """
    (import "c" "task.return" (func $return (param i32)))
    (import "c" "return-string" (func $return_string (param i32 i32)))
    (import "c" "task.cancel" (func $cancel))
    (import "c" "context.get" (func $get (result i32)))
    (import "c" "set.new" (func $new (result i32)))
    (import "c" "set.wait" (func $wait (param i32 i32) (result i32)))
    (import "c" "set.poll" (func $poll (param i32 i32) (result i32)))
    (import "c" "set.drop" (func $drop_set (param i32)))
    (import "c" "join" (func $join (param i32 i32)))
    (import "c" "subtask.drop" (func $drop (param i32)))
    (import "c" "backpressure.dec" (func $dec))
    (func (export "returns") (result i32) (call $return (i32.const 1)) (i32.const 1))
    (func (export "cancels") (result i32) (call $cancel) (i32.const 1))
    (func (export "waits") (result i32) (call $wait (call $new) (i32.const 0)))
    (func (export "polls") (result i32) (call $poll (call $new) (i32.const 2)))
    (func (export "joins") (result i32) (call $join (call $new) (i32.const 0)) (i32.const 1))
    (func (export "drops") (result i32) (call $drop (call $new)) (i32.const 1))
    (func (export "forgets") (result i32) (call $drop_set (i32.const 3)) (i32.const 1))
    (func (export "eases") (result i32) (call $dec) (i32.const 1))
    (func (export "of-another-type") (call $return_string (i32.const 0) (i32.const 0)))
    (func (export "uncancelled") (call $cancel))
    (func (export "code") (result i32) (i32.const 3))
    (func (export "no-set") (result i32) (i32.const 0x52))
    (func (export "back") (param i32 i32 i32) (result i32) (unreachable))
    """,
    """
    returns | (result u32) |
    cancels | async (result u32) |
    waits | (result u32) |
    polls | (result u32) |
    joins | (result u32) |
    drops | (result u32) |
    forgets | (result u32) |
    eases | (result u32) |
    of-another-type | async (result u32) | async
    uncancelled | async (result u32) | async
    code | async (result u32) | async callback back
    no-set | async (result u32) | async callback back
    """,
)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("returns", "`task.return` or `task.cancel` called by a task that was not lifted with `async`"),
        ("cancels", "`task.return` or `task.cancel` called by a task that was not lifted with `async`"),
        ("waits", "cannot block a synchronous task before returning"),
        ("polls", "pointer not aligned"), ("joins", "handle index used with the wrong type"),
        ("drops", "handle index used with the wrong type"), ("forgets", "unknown handle index"),
        ("eases", "backpressure counter overflow"),
        ("of-another-type", "invalid `task.return` signature and/or options for current task"),
        ("uncancelled", "`task.cancel` called by a task which has not been cancelled"),
        ("code", "unsupported callback code"), ("no-set", "unknown handle index"),
    ],
)  # fmt: skip
def test_what_is_out_of_place(name: str, message: str) -> None:
    app = app_of(OUT_OF_PLACE)
    assert outcomes(app.func(name), DeviceTrap) == [message, "cannot enter component instance"]
    assert app.close() == 0
    (here, _) = outcomes(lambda: World(OUT_OF_PLACE).call(name), Trap)
    assert here.rstrip(" 0123456789").split()[-1] == message.split()[-1]


def test_what_is_left_out() -> None:
    with pytest.raises(NotForDevices, match=r"`stream.new`"):
        flatten(Component(Engine(), CARRYING)._program)


@pytest.mark.parametrize("seed", range(40))
def test_damaged_tables(seed: int) -> None:
    """A component, or a trap."""
    rng = random.Random(seed)
    app = App(TRIPLE, WAITING)
    (kept,) = struct.unpack_from("<I", app.tables, 8)
    tables = bytearray(app.tables)
    for _ in range(rng.randint(1, 3)):
        value = rng.choice((0, 1, 2, 3, rng.randrange(16), NONE, rng.getrandbits(32)))
        struct.pack_into("<I", tables, 4 * rng.randrange(3, kept // 4), value)
    app.call("fusee_component_delete", app.component)
    app.component = 0
    try:
        app.component = app.load(bytes(tables))
        app.call("fusee_component_allow_undefined", app.component, 1)
        app.instantiate()
        for name in ("by-callback", "stackful", "spin"):
            place = app.call("fusee_component_instance_func", app.instance, 0, app.text(name))
            value = app.put(struct.pack("<B3xI", Kind.U32, 0) + (5).to_bytes(app.value_bytes - 8, "little"))
            out = app.room(app.value_bytes)
            app.fail(app.call("fusee_component_call", place, value, 1, out))
            app.call("fusee_value_delete", out)
    except DeviceTrap:
        pass
    assert app.close() == 0
