"""What asynchronous tasks hold: objects in frames that wait, resources with destructors, contexts, errors."""

import asyncio
import gc
from typing import Any

import pytest

from fusee import Trap
from fusee.component.asynchronous.tasks import tasks_of
from tests.component.asyncguests import component
from tests.component.droppingguests import DROPPING, DROPPING_ITS_OWN
from tests.component.guests import World
from tests.component.reallocguests import in_realloc
from tests.component.waiting import soon

OBJECTS = component(
    """
    (import "c" "wait-here" (func $wait_here (param i32) (result i32)))
    (import "c" "task.return" (func $return (param i32)))
    (type $bytes (array (mut i8)))
    (type $box (struct (field (mut i32)) (field (ref null $bytes))))
    (func (export "keep") (param $n i32) (local $box (ref $box))
      (local.set $box (struct.new $box (local.get $n) (array.new $bytes (local.get $n) (i32.const 4000))))
      (drop (call $wait_here (local.get $n)))
      (call $return (i32.add (struct.get $box 0 (local.get $box))
                             (array.get_u $bytes (struct.get $box 1 (local.get $box)) (i32.const 3999)))))
    (func (export "waste") (local $i i32)
      (loop $more
        (drop (array.new $bytes (i32.const 255) (i32.const 4000)))
        (br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 3000)))))
    """,
    """
    keep | async (param "n" u32) (result u32) | async
    waste | |
    """,
    imports='(import "wait" (func $wait async (param "n" u32) (result u32)))',
    lowered="wait-here $wait",
)

ENDING = component(
    """
    (import "c" "make" (func $make (param i32) (result i32)))
    (import "c" "end" (func $end (param i32)))
    (import "c" "yield" (func $yield (result i32)))
    (func (export "run") (param $n i32) (result i32)
      (drop (call $yield))
      (call $end (call $make (local.get $n)))
      (drop (call $yield))
      (i32.add (local.get $n) (i32.const 9)))
    """,
    """
    run | async (param "n" u32) (result u32) |
    """,
    imports="""
    (import "wait" (func $wait async (param "n" u32) (result u32)))
    (core func $yield (canon thread.yield)) (core func $lowered (canon lower (func $wait)))
    (core module $ending (import "c" "yield" (func $yield (result i32)))
      (import "c" "wait" (func $wait (param i32) (result i32)))
      (func (export "end") (param $n i32)
        (drop (if (result i32) (local.get $n) (then (call $wait (local.get $n))) (else (call $yield))))))
    (core instance $ended (instantiate $ending
      (with "c" (instance (export "yield" (func $yield)) (export "wait" (func $lowered))))))
    (alias core export $ended "end" (core func $ended_end))
    (type $thing (resource (rep i32) (dtor (func $ended_end))))
    (core func $c.make (canon resource.new $thing)) (core func $c.end (canon resource.drop $thing))
    """,
)


def test_a_destructor_cannot_wait() -> None:
    """It is called in the middle of a host function; who only gives way goes on."""
    assert World(ENDING, wait=soon).call("run", 0) == 9
    assert World(ENDING, wait=lambda store, number: number).call("run", 1) == 10
    world = World(ENDING, wait=soon)
    with pytest.raises(Trap, match="cannot block"):
        world.call("run", 1)
    tasks = tasks_of(world.store)
    assert not tasks.parked and not tasks.waiting and world.store._state.parked == 0
    world.store.close()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("(call $return (i32.const 6))", "not lifted with `async`"), ("(call $return (call $get))", "not lifted with"),
        ("(call $set (i32.const 6))", 7), ("(if (call $get) (then (unreachable)))", 7),
    ],
)  # fmt: skip
@pytest.mark.parametrize("guest", [DROPPING, DROPPING_ITS_OWN])
def test_a_destructor_has_nothing_of_the_task_that_drops(guest: str, body: str, expected: object) -> None:
    """It could give that task's result, or change its context (CanonicalABI, `canon_resource_drop`)."""
    world = World(guest.replace("{body}", body))
    if isinstance(expected, int):
        assert world.call("run") == expected
    else:
        with pytest.raises(Trap, match=str(expected)):
            world.call("run")


@pytest.mark.parametrize("has_adapters", [True, False])
@pytest.mark.parametrize("is_async", [False, True])
def test_realloc_has_a_context_of_its_own(is_async: bool, has_adapters: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is called as a function of its component, not in the thread that runs (CanonicalABI, `reallocate`)."""
    if not has_adapters:
        monkeypatch.setattr("fusee.component.runtime.instantiate.adapter", lambda *given: None)
    assert World(in_realloc(is_async)).call("run", "text") == 7300


def test_objects_of_frames_that_wait_are_kept() -> None:
    async def main() -> None:
        go_on = asyncio.Event()

        async def wait(store: Any, number: int) -> int:
            await go_on.wait()
            return number

        world = World(OBJECTS, wait=wait)
        calls = [asyncio.ensure_future(world.func("keep").call_async(world.store, n)) for n in range(5)]
        await asyncio.sleep(0)
        world.store.gc()
        world.call("waste")
        world.store.gc()
        go_on.set()
        assert await asyncio.gather(*calls) == [2 * n for n in range(5)]
        world.store.close()

    asyncio.run(main())


def test_errors_of_elements_can_be_kept() -> None:
    """CPython 3.11 ends the process when such an error is collected with an iterator over a `memoryview`."""
    from tests.component.guests import echo

    async def main(kept: list[Any]) -> None:
        world = World(echo("(list char)", "i32 i32"), echo=lambda store, value: value)
        with pytest.raises(ValueError) as caught:  # noqa: PT011
            world.call("echo", ["\ud800"])
        kept.append(caught.value)
        kept.append(kept)

    asyncio.run(main([]))
    gc.collect()
