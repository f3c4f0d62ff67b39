"""Kernels of the C API, un-compiled and with the watch's pointers; and what its tables say."""

import pytest

from fusee.engine.capi.blocks import set_system
from fusee.engine.capi.kinds import code_from_kind, kind_from_code
from fusee.engine.capi.messages import write_message
from fusee.engine.capi.state import VAL_EXTERNREF, VAL_FUNCREF, VAL_I32, VAL_V128, System, Value, Vector
from fusee.engine.capi.wasi.functions import COUNT, FUNCTIONS, VARIANTS, find
from fusee.engine.capi.wasi.guest import check_path
from fusee.engine.capi.wasi.state import NOTCAPABLE, SUCCESS, FileStat
from fusee.engine.errors import Trap
from fusee.kernel.arena import allocate_simulated, new, release_simulated, simulate
from fusee.kernel.lang import Ptr, kernel, u8, u32, u64, usize
from fusee.kernel.layout import layout
from fusee.kernel.target import ILP32, LP64, Target
from fusee.spec.traps import TrapCode
from fusee.wasi import define


@pytest.mark.parametrize("path", ["", "a", "a/b", "a/../b", "./a/./b/..", "a//b/../..", "..a/b.."])
def test_paths_that_stay(path: str) -> None:
    with simulate(ILP32):
        assert int(check_path(allocate_simulated(path.encode() or b"x"), u32(len(path)))) == SUCCESS


@pytest.mark.parametrize("path", ["/", "/etc", "..", "../a", "a/../..", "a/./../../b", "./.."])
def test_paths_that_lead_out(path: str) -> None:
    with simulate(ILP32):
        assert int(check_path(allocate_simulated(path.encode()), u32(len(path)))) == NOTCAPABLE


@pytest.mark.parametrize("kind", [*range(VAL_I32, VAL_V128 + 1), VAL_EXTERNREF, VAL_FUNCREF])
def test_kinds_are_codes(kind: int) -> None:
    assert int(kind_from_code(code_from_kind(u32(kind)))) == kind


def test_wasi_is_the_hosts() -> None:
    """The same functions with the same parameters as on a laptop."""
    ours = {function.name: function.types for function in FUNCTIONS}
    letters = {"i32": "i", "i64": "I"}
    hosts = {name: define.find(module, name) for module, name in define.names()}
    assert {name: ours[name] for name in hosts} == {
        name: "".join(letters[t] for t in found.params) for name, found in hosts.items()
    }
    assert len(ours) == len(hosts)


def test_functions_are_found_by_name() -> None:
    with simulate(ILP32):
        for number, function in enumerate(FUNCTIONS):
            name = function.name.encode()
            first = u32(VARIANTS if number >= VARIANTS else 0)
            assert int(find(allocate_simulated(name), u32(len(name)), first)) == number
        for wrong in (b"args_ge", b"args_gett", b"fd_write\0", b"\0"):
            assert int(find(allocate_simulated(wrong), u32(len(wrong)), u32(0))) == COUNT
        assert int(find(allocate_simulated(b"fd_write"), u32(8), u32(VARIANTS))) == COUNT


@kernel
def allocate(count: usize, size: usize) -> Ptr[u8]:
    return allocate_simulated(int(count) * int(size))


@kernel
def release(memory: Ptr[u8]) -> None:
    release_simulated(memory)


def test_messages() -> None:
    with simulate(ILP32):
        system = new(System)
        system.allocate = allocate
        system.release = release
        assert set_system(system)
        out = new(Vector)
        assert write_message(out, u64(Trap(TrapCode.UNREACHABLE, 0).status))
        text = bytes(int(out.data[i]) for i in range(int(out.size)))
        assert text == TrapCode.UNREACHABLE.message.encode() + b"\0"
        assert write_message(out, u64(255 << 56))  # no words, but a string: without data it is "out of memory"
        assert bytes(int(out.data[i]) for i in range(int(out.size))) == b"\0"


def test_layouts_are_c() -> None:
    """The structs that an app sees have the offsets that a C compiler gives them."""
    assert layout(Value, ILP32).fields["bits"].offset == layout(Value, LP64).fields["bits"].offset == 8
    assert layout(FileStat, ILP32).extent.size == 64
    assert layout(System, ILP32).extent.size == 44
    assert layout(Value, Target.parse("i686-unknown-linux-gnu")).extent.size == 12
