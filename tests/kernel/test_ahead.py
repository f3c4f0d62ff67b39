"""What handlers read ahead for the next one: one instruction for its address and a word, and errors lose the word."""

import re

import pytest

from fusee.kernel.arena import new_array, simulate
from fusee.kernel.build import Program
from fusee.kernel.compile import Compilation, Options
from fusee.kernel.lang import (
    Fleeting,
    Fn,
    KernelError,
    Ptr,
    cast,
    handler,
    keep_order,
    kernel,
    load,
    registers,
    store,
    struct,
    struct_info,
    tail,
    u8,
    u32,
    u64,
    usize,
)
from fusee.kernel.target import LP64, Target


class TooLarge(KernelError, tag=208):
    """A number is over the limit."""


@registers
class Machine:
    pc: Ptr[u8]
    words: Ptr[u64]
    acc: u64
    ahead: Fleeting[u64]


Code = Fn[[Machine], None]


@handler
def stop(f: Machine) -> None:
    f.words[0] = f.acc


@kernel(inline=True)
def next_code(f: Machine) -> Code:
    keep_order()
    f.ahead = u64(load(u32, f.pc + 4))
    return cast(Code, load(usize, f.pc))


@handler(raises_to=stop, status="acc")
def add_word(f: Machine) -> None:
    """Its word is read before, that of the next one behind it, and nothing of either where it raises."""
    value = f.words[u32(f.ahead)]
    if value > 1000:
        raise TooLarge(1, 0)
    f.acc = f.acc + value
    f.pc = f.pc + 8
    return tail(next_code(f), f)


@kernel
def start(pc: Ptr[u8], words: Ptr[u64]) -> None:
    f = Machine()
    f.pc = pc
    f.words = words
    code = next_code(f)
    code(f)


PROGRAM = Program("ahead", [start], {"handlers": [add_word, stop]})


def test_one_instruction_reads_the_next_handler_and_its_word() -> None:
    compilation = Compilation(PROGRAM, Options(Target.parse("arm64_32-apple-watchos9.0"), for_this_process=False))
    (part,) = compilation.shard_parts
    text = compilation.text(part)
    assembly = compilation.machine.assembly(text, is_quick=True)
    assert re.search(r"ldp\s+w\d+, w\d+, \[x20, #8\]!", assembly)
    assert not re.search(r"add\s+x20, x20", assembly)


@pytest.mark.parametrize("triple", ["arm64_32-apple-watchos9.0", "x86_64-unknown-linux-gnu"])
def test_errors_lose_what_is_fleeting(triple: str) -> None:
    compilation = Compilation(PROGRAM, Options(Target.parse(triple), for_this_process=False))
    (part,) = compilation.shard_parts
    tails = [line for line in compilation.text(part).splitlines() if "musttail" in line]
    going = [line for line in tails if " void %" in line]
    assert going and not any("poison" in line for line in going)
    assert all("poison" in line for line in tails if line not in going) and len(going) < len(tails)


def test_only_registers_are_fleeting() -> None:
    @struct
    class Memory:
        word: Fleeting[u64]

    with pytest.raises(TypeError, match="only registers"):
        struct_info(Memory)


def test_un_compiled_nothing_is_lost_that_is_needed() -> None:
    with simulate(LP64):
        words = new_array(u64, 4)
        words[3] = u64(5)
        cells = new_array(u8, 16)
        store(cells + 4, u32(3))
        f = Machine()
        f.pc, f.words, f.acc = cells, words, u64(2)
        f.ahead = u64(load(u32, f.pc + 4))
        assert f.words[u32(f.ahead)] + f.acc == 7
