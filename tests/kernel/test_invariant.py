"""Loads of what a handler does not change itself: LLVM may put them next to where their address is advanced."""

import re

from fusee.kernel.arena import new_array, simulate
from fusee.kernel.build import Program
from fusee.kernel.compile import Compilation, Options
from fusee.kernel.lang import Fn, Ptr, cast, handler, kernel, load, load_invariant, registers, tail, u8, u32, u64, usize
from fusee.kernel.target import LP64, Target


@registers
class Machine:
    pc: Ptr[u8]
    words: Ptr[u64]
    limit: u64
    acc: u64


Code = Fn[[Machine], None]


@handler
def stop(f: Machine) -> None:
    f.words[0] = f.acc


@handler
def keep_within(f: Machine) -> None:
    """Two tests come between where the next handler is read and where it is called."""
    following = cast(Code, load_invariant(usize, f.pc + 16))
    place = u64(load(u32, f.pc + 4))
    first = f.words[place]
    if first > f.limit:
        return tail(stop, f)
    second = f.words[place + 1]
    if second > f.limit - first:
        return tail(stop, f)
    f.words[load(u32, f.pc + 8)] = first + second
    f.pc = f.pc + 16
    return tail(following, f)


@kernel
def start(pc: Ptr[u8], words: Ptr[u64], limit: u64) -> None:
    f = Machine()
    f.pc = pc
    f.words = words
    f.limit = limit
    code = cast(Code, load(usize, pc))
    code(f)


PROGRAM = Program("invariant", [start], {"handlers": [keep_within, stop]})


def text_for(triple: str) -> tuple[Compilation, str]:
    compilation = Compilation(PROGRAM, Options(Target.parse(triple), for_this_process=False))
    (part,) = compilation.shard_parts
    return compilation, compilation.text(part)


def test_one_instruction_reads_the_next_handler_and_advances() -> None:
    compilation, text = text_for("arm64_32-apple-watchos9.0")
    assembly = compilation.machine.assembly(text, is_quick=True)
    assert re.search(r"ldr\s+w\d+, \[x20, #16\]!", assembly)
    assert not re.search(r"add\s+x20, x20", assembly)


def test_other_processors_are_told_nothing() -> None:
    assert "!invariant.load" not in text_for("x86_64-unknown-linux-gnu")[1]


@kernel
def read(p: Ptr[u8]) -> u32:
    return load_invariant(u32, p)


def test_un_compiled_it_is_a_load() -> None:
    with simulate(LP64):
        data = new_array(u8, 8)
        for place in range(8):
            data[place] = u8(place + 1)
        assert read(data + 1) == 0x05040302
