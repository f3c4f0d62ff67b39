"""Where the loop pointer is set: in front of a quiet loop, or of the outermost loop that has no other one in it and
makes no calls; and the loops that the frame names (`translate.nesting`)."""

import random
from dataclasses import dataclass

import pytest

from fusee import Config, Engine, Instance, Module, Store
from fusee.disasm.listing import show_function

MASK = 0xFFFF_FFFF
BEFORE = ("call", "skip", "leave", "")
"""What a loop's turn may do first: call a function, leave out the inner loops now and then, leave the loop early."""


@dataclass(frozen=True)
class Loop:
    """A loop of some turns, what each does first, and the loops in it."""

    number: int
    turns: int
    first: str
    inner: tuple["Loop", ...]

    def text(self) -> str:
        """As WebAssembly, which changes `$h` in each turn. A loop's counter is a local of its own."""
        n = self.number
        first = {
            "call": "(local.set $h (call $mix (local.get $h)))",
            "skip": f"(br_if $next{n} (i32.and (local.get $h) (i32.const 1)))",
            "leave": f"(br_if $done{n} (i32.eqz (i32.and (local.get $h) (i32.const 7))))",
            "": "",
        }[self.first]
        return f"""(local.set $i{n} (i32.const {self.turns}))
          (block $done{n} (loop $again{n}
            (local.set $h (i32.add (i32.mul (local.get $h) (i32.const 31)) (i32.const {n})))
            (block $next{n} {first} {"".join(loop.text() for loop in self.inner)})
            (br_if $again{n} (local.tee $i{n} (i32.sub (local.get $i{n}) (i32.const 1))))))"""

    def run(self, h: int) -> int:
        """What it makes of `$h`."""
        for _ in range(self.turns):
            h = (h * 31 + self.number) & MASK
            if self.first == "leave" and h & 7 == 0:
                break
            if self.first == "skip" and h & 1:
                continue
            if self.first == "call":
                h = h * 5 & MASK
            for loop in self.inner:
                h = loop.run(h)
        return h

    def numbers(self) -> list[int]:
        return [self.number, *(number for loop in self.inner for number in loop.numbers())]


def random_loop(chosen: random.Random, depth: int, numbers: list[int]) -> Loop:
    number = len(numbers)
    numbers.append(number)
    count = chosen.choice((0, 1, 1, 1, 2)) if depth else 0
    inner = tuple(random_loop(chosen, depth - 1, numbers) for _ in range(count))
    first = "call" if chosen.random() < 0.1 else chosen.choice(BEFORE[1:])
    return Loop(number, chosen.randint(1, 4), first, inner)


def module_of(loops: list[Loop]) -> str:
    counters = "".join(f"(local $i{number} i32)" for loop in loops for number in loop.numbers())
    return f"""(module (func $mix (param i32) (result i32) (local $j i32)
        (loop (br_if 0 (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 1))) (i32.const 3))))
        (i32.mul (local.get 0) (i32.const 5)))
      (func (export "f") (param $h i32) (result i32) {counters}
        {"".join(loop.text() for loop in loops)} (local.get $h)))"""


def run(text: str, argument: int, metered: bool) -> int:
    config = Config()
    config.consume_fuel = metered
    store = Store(Engine(config))
    if metered:
        store.set_fuel(1 << 40)
    result: int = Instance(store, Module(store.engine, text), []).exports(store)["f"](store, argument)  # type: ignore[operator]
    return result & MASK


@pytest.mark.parametrize("metered", [False, True])
@pytest.mark.parametrize("seed", range(60))
def test_loops_in_loops(seed: int, metered: bool) -> None:
    chosen = random.Random(seed)
    numbers: list[int] = []
    loops = [random_loop(chosen, 4, numbers) for _ in range(3)]
    text = module_of(loops)
    for argument in (0, 1, 12345):
        expected = argument
        for loop in loops:
            expected = loop.run(expected)
        assert run(text, argument, metered) == expected


def listed(body: str, others: str = "") -> list[str]:
    """The instructions that are made of a function's body, with labels."""
    text = f"(module {others} (func (param $n i32) (result i32) (local $i i32) {body} (local.get $i)))"
    module = Module(Engine(), text)
    return [line.partition("  ")[2] for line in show_function(module, others.count("(func"))]


def settings(body: str, others: str = "") -> list[str]:
    """Those of them that set the loop pointer."""
    words = " ".join(listed(body, others)).split()
    return [word for word in words if word.startswith("set_loop")]


QUIET = "(loop (br_if 0 (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))"


def around(body: str) -> str:
    return f"(loop {body} (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (QUIET, ["set_loop"]),
        (around(QUIET), ["set_loop_to"]),
        (around(around(around(QUIET))), ["set_loop_to"]),
        (around(QUIET + QUIET), ["set_loop", "set_loop"]),
        (around(around(QUIET) + QUIET), ["set_loop_to", "set_loop"]),
        (around(QUIET + around(QUIET)), ["set_loop", "set_loop_to"]),
        (around(around(QUIET) + around(around(QUIET))), ["set_loop_to", "set_loop_to"]),
        (QUIET + around(QUIET) + QUIET, ["set_loop", "set_loop_to", "set_loop"]),
        (around(QUIET + "(call 0)"), ["set_loop"]),
        (around("(call 0)" + around(QUIET)), ["set_loop_to"]),
        (around(around(QUIET + "(call 0)")), ["set_loop"]),
        (around(QUIET + "(loop (call 0))"), ["set_loop"]),
        ("(call 0)" + around(QUIET) + "(call 0)", ["set_loop_to"]),
    ],
)
def test_where_it_is_set(body: str, expected: list[str]) -> None:
    assert settings(body, "(func)") == expected


@pytest.mark.parametrize(
    ("body", "count"),
    [
        (QUIET, 0),
        (around(QUIET), 1),
        (around(around(QUIET)), 1),
        (around(QUIET + QUIET), 1),
        (around(around(QUIET) + QUIET), 1),
        (around(around(QUIET) + around(QUIET)), 2),
        (around("(call 0)"), 0),
        (around(around("(call 0)")), 0),
        (around("(call 0)" + around("(call 0)" + QUIET)), 0),
        (around("(call 0)") + QUIET + around(QUIET), 1),
    ],
)
def test_which_loops_the_frame_names(body: str, count: int) -> None:
    """The innermost of those that are not quiet, and make no calls."""
    words = " ".join(listed(body, "(func)")).split()
    assert words.count("set_frame_loop") == count
    assert sum("brf" in word for word in words) == count


def test_each_frame_names_its_own_loop() -> None:
    """Also behind calls of a function with such loops, and of itself."""
    nest = """(local.set $i (i32.const 3))
      (loop $outer (local.set $j (i32.const 2))
        (loop $inner (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 3)) (local.get $j)))
          (br_if $inner (local.tee $j (i32.sub (local.get $j) (i32.const 1)))))
        (br_if $outer (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))"""
    text = f"""(module
      (func $f (export "f") (param $n i32) (result i32) (local $i i32) (local $j i32) (local $sum i32)
        {nest}
        (if (local.get $n) (then
          (local.set $sum (i32.add (local.get $sum) (call $f (i32.sub (local.get $n) (i32.const 1)))))))
        {nest}
        (local.get $sum)))"""

    def turns(total: int) -> int:
        for _ in range(3):
            for j in (2, 1):
                total = total * 3 + j & MASK
        return total

    def expected(n: int) -> int:
        return turns(turns(0) + (expected(n - 1) if n else 0) & MASK)

    assert run(text, 4, metered=False) & MASK == expected(4)


def test_an_exception_that_is_caught_in_a_loop_which_the_frame_names() -> None:
    text = """(module (tag $t (param i32))
      (func (export "f") (param $n i32) (result i32) (local $i i32) (local $sum i32)
        (loop $outer (local.set $i (i32.const 3))
          (block $caught (result i32)
            (try_table (catch $t $caught)
              (loop $inner
                (if (i32.eq (local.get $i) (local.get $n)) (then (throw $t (local.get $i))))
                (br_if $inner (local.tee $i (i32.sub (local.get $i) (i32.const 1))))))
            (i32.const 100))
          (local.set $sum (i32.add (local.get $sum)))
          (br_if $outer (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $sum)))"""
    assert run(text, 5, metered=False) == 100 + 100 + 3 + 2 + 1


@pytest.mark.parametrize("metered", [False, True])
@pytest.mark.parametrize("way", ["(return (i32.const 7))", "(br 1)", "(unreachable)"])
def test_a_quiet_loop_that_cannot_be_reached(way: str, metered: bool) -> None:
    """The pointer is set for it all the same, and nothing goes there; another nest follows."""
    text = f"""(module (func (export "f") (param $n i32) (result i32) (local $i i32)
      (block $out {around(f"(if (local.get $n) (then (local.set $n (i32.const 1))) (else {way} {QUIET}))")})
      (local.set $n (i32.const 3)) (local.set $i (i32.const 9)) {around(QUIET + "(local.set $i (i32.const 4))")}
      (i32.add (local.get $i) (local.get $n))))"""
    assert run(text, 5, metered) == 4


def test_it_is_set_to_the_loops_first_cell() -> None:
    """Where a guest is stopped, although that is a jump: branches elsewhere go on to where that leads."""
    lines = listed("(loop $out (loop $in (block (br 0)) (br_if $in (local.get $i)) (br_if $out (local.get $n))))")
    (target,) = [line.split()[-1] for line in lines if "set_loop_to" in line]
    (first,) = [line for line in lines if f"{target}:" in line.split()]
    assert first.split()[first.split().index(f"{target}:") + 1] == "br"
