"""Kernels of the C API, un-compiled and with the watch's pointers; and what its tables say."""

import pytest

from fusee.engine.capi.blocks import set_system
from fusee.engine.capi.kinds import code_from_kind, kind_from_code
from fusee.engine.capi.messages import Mistake, Misuse, write_message
from fusee.engine.capi.packed import FIRST_PAIR, Packed
from fusee.engine.capi.state import VAL_EXTERNREF, VAL_FUNCREF, VAL_I32, VAL_V128, System, Value, Vector
from fusee.engine.capi.wasi.functions import COUNT, FUNCTIONS, VARIANTS, find
from fusee.engine.capi.wasi.guest import check_path
from fusee.engine.capi.wasi.state import NOTCAPABLE, SUCCESS, FileStat
from fusee.engine.errors import Invalid, Malformed, Trap, Unsupported
from fusee.kernel.arena import allocate_simulated, new, release_simulated, simulate
from fusee.kernel.lang import Ptr, kernel, u8, u32, u64, usize
from fusee.kernel.layout import layout
from fusee.kernel.target import ILP32, LP64, Target
from fusee.spec.errors import ModuleError
from fusee.spec.features import Unsupported as Feature
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
        words = ((Malformed, ModuleError), (Invalid, ModuleError), (Trap, TrapCode), (Unsupported, Feature))
        for kind, members in words:
            for member in members:
                assert write_message(out, u64(kind(member, 7).status))
                assert bytes(int(out.data[i]) for i in range(int(out.size))) == member.message.encode() + b"\0"
        for unknown in (255 << 56, Malformed(40, 0).status, Misuse(max(Mistake) + 1, 0).status):
            assert write_message(out, u64(unknown))  # no words, but a string: without data it is "out of memory"
            assert bytes(int(out.data[i]) for i in range(int(out.size))) == b"\0"


def test_packed_texts() -> None:
    """They are what they were, whatever their pairs are made of, and smaller."""
    texts = ["", "a", "aaaaaaaaaaaaaaaa", "no pair is in two texts", *(error.message for error in ModuleError)]
    packed = Packed(texts)

    def unpacked(byte: int) -> bytes:
        place = 2 * (byte - FIRST_PAIR)
        return bytes([byte]) if place < 0 else b"".join(map(unpacked, packed.pairs[place : place + 2]))

    assert b"".join(map(unpacked, packed.data)).decode() == "".join(f"{text}\0" for text in texts)
    assert len(packed.data) + len(packed.pairs) < sum(map(len, texts)) * 0.7
    assert Packed(["abcd", "abc", "ab", "xy", "xy"]).pairs == b"ab"
    assert (Packed([]).data, Packed([]).pairs) == (b"", b"")


def test_layouts_are_c() -> None:
    """The structs that an app sees have the offsets that a C compiler gives them."""
    assert layout(Value, ILP32).fields["bits"].offset == layout(Value, LP64).fields["bits"].offset == 8
    assert layout(FileStat, ILP32).extent.size == 64
    assert layout(System, ILP32).extent.size == 44
    assert layout(Value, Target.parse("i686-unknown-linux-gnu")).extent.size == 12
