"""Errors, register records and tail calls, un-compiled."""

import sys

import pytest

from fusee.kernel.arena import allocate_simulated, new_array, simulate
from fusee.kernel.lang import (
    Fn,
    KernelError,
    Ptr,
    Static,
    address,
    cast,
    caught,
    handler,
    instance,
    is_null,
    kernel,
    load,
    registers,
    store,
    table,
    tail,
    u8,
    u32,
    u64,
    usize,
)
from fusee.kernel.target import ILP32, LP64, Target


class TooBig(KernelError, tag=201):
    """A sum went over its limit."""


@registers
class Regs:
    pc: Ptr[u8]
    fp: Ptr[u64]
    acc: u64


Code = Fn[[Regs], None]


@kernel
def refuse_above(x: u64, limit: u64) -> None:
    if x > limit:
        raise TooBig(7, u32(x))


@handler
def on_error(f: Regs) -> None:
    f.fp[1] = f.acc


@handler
def stop(f: Regs) -> None:
    f.fp[0] = f.acc


@handler(raises_to=on_error, status="acc")
def add_constant(f: Regs) -> None:
    f.acc = f.acc + u64(load(u32, f.pc + 8))
    refuse_above(f.acc, u64(1000))
    f.pc = f.pc + 12
    return tail(cast(Code, load(usize, f.pc)), f)


@handler
def add_static(f: Regs, amount: Static[int]) -> None:
    f.acc = f.acc + amount
    f.pc = f.pc + 8
    return tail(cast(Code, load(usize, f.pc)), f)


@handler
def count_down(f: Regs) -> None:
    if f.acc == 0:
        return tail(stop, f)
    f.acc = f.acc - 1
    return tail(count_down, f)


@kernel
def run(code: Ptr[u8], fp: Ptr[u64], start: Code, acc: u64) -> u64:
    f = Regs()
    f.pc = code
    f.fp = fp
    f.acc = acc
    start(f)
    return f.acc


@pytest.mark.parametrize("target", [ILP32, LP64])
def test_code_words_are_addresses_of_handlers(target: Target) -> None:
    with simulate(target):
        code, fp = allocate_simulated(64), new_array(u64, 2)
        store(code, address(add_constant))
        store(code + 8, u32(30))
        store(code + 12, address(instance(add_static, amount=4)))
        store(code + 20, address(stop))
        assert run(code, fp, add_constant, u64(2)) == 2  # the record went by value
        assert fp[0] == 36


@pytest.mark.parametrize("target", [ILP32, LP64])
def test_an_error_goes_to_its_handler(target: Target) -> None:
    with simulate(target):
        code, fp = allocate_simulated(64), new_array(u64, 2)
        store(code + 8, u32(999))
        run(code, fp, add_constant, u64(2))
        error = KernelError.from_status(fp[1])
        assert isinstance(error, TooBig)
        assert (error.code, error.detail, error.status) == (7, 1001, int(fp[1]))


def test_tail_calls_do_not_deepen_the_stack() -> None:
    with simulate(ILP32):
        fp = new_array(u64, 2)
        fp[0] = u64(1)
        run(allocate_simulated(0), fp, count_down, u64(4 * sys.getrecursionlimit()))
        assert fp[0] == 0


def test_a_new_record_is_zero() -> None:
    with simulate(ILP32):
        f = Regs()
        assert f.acc == 0
        assert is_null(f.pc)


def test_calling_a_handler_enters_the_interpreter() -> None:
    with simulate(ILP32):
        f = Regs()
        f.pc, f.fp = allocate_simulated(16), new_array(u64, 2)
        store(f.pc + 8, address(stop))
        add_static(f, 5)
        assert f.fp[0] == 5
        instance(add_static, amount=6)(f)
        assert f.fp[0] == 6


def test_tables_of_handlers() -> None:
    codes = table(Code, [stop, instance(add_static, amount=1), None])
    with simulate(LP64):
        assert address(codes[0]) == address(stop)
        assert is_null((codes + 2)[0])


def test_instances() -> None:
    one = instance(add_static, amount=1)
    assert one is instance(add_static, amount=1)
    assert one is not instance(add_static, amount=2)
    assert one.name == "add_static_amount_1"
    assert instance(add_static, amount=-1).name == "add_static_amount_minus1"


def test_caught_gives_the_status() -> None:
    assert caught(refuse_above, u64(1), u64(2)) == 0
    assert caught(refuse_above, u64(3), u64(2)) == TooBig(7, 3).status == 201 << 56 | 7 << 32 | 3


def test_raising_is_raising() -> None:
    with pytest.raises(TooBig) as raised:
        refuse_above(u64(3), u64(2))
    assert raised.value.detail == 3


def test_tags_are_unique_and_in_range() -> None:
    with pytest.raises(ValueError, match="tag 201 already belongs to"):
        type("Other", (KernelError,), {}, tag=201)
    with pytest.raises(ValueError, match="not in 1…255"):
        type("Other", (KernelError,), {}, tag=256)
    with pytest.raises(ValueError, match="no known tag"):
        KernelError.from_status(254 << 56)
    with pytest.raises(TypeError, match="has no tag"):
        _ = KernelError(1).status


def test_declarations_record() -> None:
    @kernel(inline=True, export="fusee_f")
    def f(x: u32) -> u32:
        """What it does."""
        return x

    assert (f.inline, f.cold, f.export, f.name, f.__doc__) == (True, False, "fusee_f", "f", "What it does.")
    assert f.function(u32(1)) == f(u32(1)) == 1
    assert (add_constant.raises_to, add_constant.status) == (on_error, "acc")
    with pytest.raises(TypeError, match="go together"):
        handler(status="acc")(stop.function)
