"""Long functions: what LLVM would take time for with the square of their size is divided."""

import re
from collections import Counter
from typing import Any

import pytest
from wasmtime import wat2wasm

from fusee import Config, Engine, Instance, Module, Store
from fusee.kernel.target import Target
from fusee.native import memories
from fusee.native.compile import Compiler, Options, plan
from fusee.native.joining import MOST_JOINED
from fusee.native.known import MANY_CONDITIONS, MOST_READS
from tests.native.parts import natively
from tests.native.test_many_errors import outcomes

COUNT = 1000


def choosing(count: int) -> str:
    """Branches to one label, each if the parameter is its number."""
    tests = "".join(f"(br_if $out (i32.eq (local.get 0) (i32.const {number})))" for number in range(count))
    return f"""(module (func (export "f") (param i32 f64) (result i32) (local i32)
      (block $out {tests} (local.set 2 (i32.const 7))) (i32.add (local.get 2) (local.get 0))))"""


def storing(count: int) -> str:
    """Stores behind one address, of which those that are behind the memory's end trap."""
    stores = "".join(f"(i64.store offset={8 * number} (local.get 0) (i64.const {number}))" for number in range(count))
    return f"""(module (memory 1) (func (export "f") (param i32 f64) (result i32) {stores}
      (i32.load offset=4000 (local.get 0))))"""


def reads(text: str) -> int:
    """How often, at most, a variable is read before LLVM has to take it for another value."""
    most = 0
    counts: dict[str, int] = {}
    for line in text.splitlines():
        if found := re.search(r"load i32, ptr (%s\d+)$", line):
            counts[found[1]] = counts.get(found[1], 0) + 1
            most = max(most, counts[found[1]])
        elif found := re.search(r"store i32 .*, ptr (%s\d+)$", line):
            counts[found[1]] = 0
    return most


def test_a_length_that_is_read_often() -> None:
    """Bounds checks compare with it."""
    text = storing(3 * memories._MOST_CHECKS)
    numbers = [0, 1, 65536 - 16 * memories._MOST_CHECKS, 64000, 65536]
    expected = outcomes(text, numbers, "f")
    with natively("all"):
        assert outcomes(text, numbers, "f") == expected
    written = Compiler(plan(bytes(wat2wasm(text))), Options(Target.host())).text(0)
    assert written.count('call i64 asm ""') == 3


@pytest.mark.parametrize("text", [choosing(COUNT), storing(COUNT)])
def test_a_local_that_is_read_often(text: str) -> None:
    """LLVM compares each condition on a value with all those that hold: no value has more than so many uses."""
    numbers = [0, 1, 128, COUNT - 1, COUNT, 65537 - 8 * COUNT, 65536 - 8 * COUNT, 62000, 65536, -1]
    expected = outcomes(text, numbers, "f")
    assert len({str(one) for one in expected}) > 2
    with natively("all") as part:
        assert outcomes(text, numbers, "f") == expected
    assert part.native == 1
    written = Compiler(plan(bytes(wat2wasm(text))), Options(Target.host())).text(0)
    assert MOST_READS <= reads(written) <= 2 * MOST_READS  # what is copied for where a check fails counts for itself
    few = Compiler(plan(bytes(wat2wasm(choosing(100)))), Options(Target.host())).text(0)
    assert "asm" not in few


def leaving(count: int) -> str:
    """Branches to the end of a block, each with a value of its own, and returns."""
    tests = "".join(
        f"(drop (br_if $out (i32.const {number * 3}) (i32.eq (local.get 0) (i32.const {number}))))"
        f"(if (i32.eq (local.get 0) (i32.const {-number - 1})) (then (return (i32.const {number * 5}))))"
        for number in range(count)
    )
    return f"""(module (func (export "f") (param i32 f64) (result i32)
      (i32.add (block $out (result i32) {tests} (i32.const 7)) (i32.const 1))))"""


def jumping(count: int) -> str:
    """Branches to the end of a block, of which those without a condition have paid for what is there.

    That belongs to no earlier stretch, since one `return` leaves the block, too.
    """
    tests = "".join(
        f"(if (i32.eq (local.get 0) (i32.const {number})) (then (local.set 2 (i32.const {number * 3})) (br $out)))"
        f"(br_if $out (i32.eq (local.get 0) (i32.const {-number - 1})))"
        for number in range(count)
    )
    return f"""(module (func (export "f") (param i32 f64) (result i32) (local i32)
      (block $out {tests} (if (i32.eq (local.get 0) (i32.const 300)) (then (return (i32.const 5)))))
      (i32.add (local.get 2) (i32.add (local.get 0) (i32.const 1)))))"""


def coming_back(count: int) -> str:
    """Branches back to a loop, on conditions and without: each takes one from the parameter."""
    step = "(local.set 0 (i32.sub (local.get 0) (i32.const 1)))"
    tests = "".join(
        f"{step} (local.set 2 (i32.add (local.get 2) (i32.const {number})))"
        f"(br_if $more (i32.eq (i32.rem_s (local.get 0) (i32.const {count})) (i32.const {number})))"
        f"(if (i32.eq (local.get 0) (i32.const {number + count})) (then (local.set 2 (i32.const 3)) (br $more)))"
        for number in range(count)
    )
    return f"""(module (func (export "f") (param i32 f64) (result i32) (local i32)
      (if (i32.gt_s (local.get 0) (i32.const 0)) (then (loop $more
        (if (i32.gt_s (local.get 0) (i32.const 0)) (then {tests} (br $more))))))
      (local.get 2)))"""


def ways(text: str) -> int:
    """How many ways lead to a block, at most."""
    found = Counter[tuple[int, str]]()
    number = 0
    for line in text.splitlines():
        number += line.startswith("define")
        if line.startswith(("  br ", "  switch ")):
            found.update((number, name) for name in re.findall(r"label %([\w.]+)", line))
    return max(found.values())


@pytest.mark.parametrize("is_metered", [False, True])
@pytest.mark.parametrize(
    "text", [leaving(200), jumping(200), coming_back(200)], ids=["leaving", "jumping", "coming back"]
)
def test_many_ways_to_one_place(text: str, is_metered: bool) -> None:
    numbers = [0, 1, 63, 64, 65, 128, 199, 200, 255, 300, 500, -1, -64, -65, -200, -201]
    expected = spent(text, numbers, is_metered)
    with natively("all") as part:
        assert spent(text, numbers, is_metered) == expected
    assert part.native == 1
    options = Options(Target.host(), is_metered=is_metered)
    assert ways(Compiler(plan(bytes(wat2wasm(text))), options).text(0)) <= 2 * MOST_JOINED


def spent(text: str, numbers: list[int], is_metered: bool) -> list[Any]:
    """What a function gives, and the fuel that is left."""
    config = Config()
    config.consume_fuel = is_metered
    store = Store(Engine(config))
    if is_metered:
        store.set_fuel(1_000_000)
    called: Any = Instance(store, Module(store.engine, text), []).exports(store)["f"]
    return [(called(store, number, 0.5), store.get_fuel() if is_metered else 0) for number in numbers]


def nested(count: int) -> str:
    """Blocks that all end at one place, each with a branch to its end."""
    begins = "".join(f"(block $b{number} (result i32) " for number in range(count))
    tests = "".join(
        f"(drop (br_if $b{number} (i32.const {number * 3}) (i32.eq (local.get 0) (i32.const {number}))))"
        for number in range(count)
    )
    return f"""(module (func (export "f") (param i32 f64) (result i32)
      (i32.add {begins} {tests} (i32.const 7) {")" * count} (i32.const 1))))"""


def otherwise(count: int) -> str:
    """A choice in the second arm of a choice, and so on."""
    tests = "".join(
        f"(if (result i32) (i32.eq (local.get 0) (i32.const {number})) (then (i32.const {number * 3})) (else "
        for number in range(count)
    )
    return f"""(module (func (export "f") (param i32 f64) (result i32)
      (i32.add {tests} (i32.const 7) {"))" * count} (i32.const 1))))"""


@pytest.mark.parametrize("text", [nested(200), otherwise(200)], ids=["nested", "otherwise"])
def test_many_ends_in_one_place(text: str) -> None:
    """What LLVM could take for one place to which all ways lead is divided."""
    numbers = [0, 1, 63, 64, 65, 128, 199, 200, -1]
    expected = outcomes(text, numbers, "f")
    assert len({str(one) for one in expected}) > 5
    with natively("all") as part:
        assert outcomes(text, numbers, "f") == expected
    assert part.native == 1
    written = Compiler(plan(bytes(wat2wasm(text))), Options(Target.host())).text(0)
    body = max(written.split("define "), key=len)
    assert max(stretch.count(" = phi ") for stretch in body.split("nomerge")) <= MOST_JOINED + 1


def summing(count: int) -> str:
    """Branches on a local that is set to a sum of itself before each."""
    tests = "".join(
        "(local.set 0 (i32.add (local.get 0) (i32.const 7)))"
        f"(br_if $out (i32.eq (local.get 0) (i32.const {8 * number})))"
        for number in range(count)
    )
    return f"""(module (func (export "f") (param i32 f64) (result i32) (block $out {tests}) (local.get 0)))"""


def test_a_local_that_is_set_to_sums_of_itself() -> None:
    """LLVM knows as much of these: it is another value after as many reads."""
    count = 2 * MANY_CONDITIONS
    text, numbers = summing(count), [0, 1, 5, 128, 500, count, -7]
    expected = outcomes(text, numbers, "f")
    assert len({str(one) for one in expected}) > 4
    with natively("all"):
        assert outcomes(text, numbers, "f") == expected
    written = Compiler(plan(bytes(wat2wasm(text))), Options(Target.host())).text(0)
    assert written.count('call i32 asm ""') == 2 * count // MOST_READS
