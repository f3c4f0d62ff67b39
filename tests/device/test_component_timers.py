"""Timers of WASI 0.2 on a device."""

from typing import Any

import pytest

from fusee.engine.capi.component.wasi.resources import MOST
from tests.device import filesguest
from tests.device.commands import Command
from tests.device.components import DeviceTrap
from tests.device.filesguest import CLOCK
from tests.device.guestcalls import Relay

guest = filesguest.guest
root = filesguest.root


def test_sleeping(guest: Relay) -> None:
    first = guest.plain(CLOCK, "subscribe-duration", 5_000)
    second = guest.plain(CLOCK, "subscribe-instant", guest.plain(CLOCK, "now") + 3_000)
    ready = guest.plain("io/streams", "input-stream.subscribe", guest.file("read-via-stream", guest.open("file"), 0))
    is_ready = "pollable.ready"

    def poll(*handles: int) -> Any:
        return guest.plain("io/poll", "poll", [*handles])

    assert [guest.plain("io/poll", is_ready, one) for one in (first, second, ready)] == [False, False, True]
    assert (poll(first, ready), guest.device.slept_ns) == ([1], 0)
    assert (poll(first, second, first), guest.device.slept_ns) == ([1], 3_000)
    guest.plain("io/poll", "pollable.block", first)
    assert guest.device.slept_ns == 5_000
    assert poll(first, second, ready) == [0, 1, 2]
    for handle in (first, second, ready):
        guest.drop(handle, "pollable")
    with pytest.raises(DeviceTrap, match="not of the expected type"):
        poll()


def test_timers_that_are_never_over_can_be_interrupted(guest: Relay) -> None:
    timer = guest.plain(CLOCK, "subscribe-duration", (1 << 64) - 1)
    guest.device.when_waiting = lambda: guest.call("fusee_store_interrupt", guest.store, 1)
    with pytest.raises(DeviceTrap, match="interrupt"):
        guest.plain("io/poll", "pollable.block", timer)
    guest.call("fusee_store_interrupt", guest.store, 0)


@pytest.mark.slow
def test_timers_are_limited() -> None:
    app = Command(
        """(component
      (import "wasi:io/poll@0.2.0" (instance $poll (export "pollable" (type (sub resource)))))
      (alias export $poll "pollable" (type $p))
      (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
        (alias outer 1 $p (type $p')) (export "pollable" (type $q (eq $p')))
        (export "subscribe-duration" (func (param "when" u64) (result (own $q))))))
      (core func $f (canon lower (func $clock "subscribe-duration")))
      (core module $c (import "w" "f" (func $f (param i64) (result i32)))
        (func (export "run") (param $count i32) (loop (drop (call $f (i64.const 1)))
          (br_if 0 (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))))
      (core instance $i (instantiate $c (with "w" (instance (export "f" (func $f))))))
      (func (export "run") (param "count" u32) (canon lift (core func $i "run"))))""",
        [],
    )
    app.instantiate()
    app.func("run")(MOST)
    with pytest.raises(DeviceTrap, match="no free keys"):
        app.func("run")(1)
    assert app.close() == 0
