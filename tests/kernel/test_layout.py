"""Where fields are, for each target."""

import ctypes
from typing import Annotated

import pytest

from fusee.kernel.lang import Count, Fn, Inline, Ptr, offset_of, size_of, struct, u8, u16, u32, u64, usize, v128
from fusee.kernel.layout import layout
from fusee.kernel.structs import FieldKind, struct_info
from fusee.kernel.target import ILP32, LP64, Target


@struct
class Buffer:
    start: Ptr[u8]
    size: u32
    position: u32


@struct
class Node:
    flag: bool
    next: "Node"
    owner: "Tree"
    visit: Fn[["Node", u32], u32]


@struct
class Tree:
    root: Node
    buffer: Inline[Buffer]
    small: Annotated[Ptr[u16], Count(5)]
    nodes: Annotated[Ptr[Node], Count(2)]
    wide: u64
    vector: v128
    tail: u8


def places(declaration: type, target: Target) -> list[int]:
    found = layout(declaration, target)
    return [place.offset for place in found.fields.values()] + [found.extent.size]


def test_the_pointer_width_moves_fields() -> None:
    assert places(Buffer, ILP32) == [0, 4, 8, 12]
    assert places(Buffer, LP64) == [0, 8, 12, 16]


def test_references_arrays_and_embedded_structs() -> None:
    assert places(Node, ILP32) == [0, 4, 8, 12, 16]
    assert places(Tree, ILP32) == [0, 4, 16, 28, 64, 72, 88, 96]
    assert places(Tree, LP64) == [0, 8, 24, 40, 104, 112, 128, 136]


def test_the_layout_is_that_of_c() -> None:
    class CTree(ctypes.Structure):
        _fields_ = (
            ("root", ctypes.c_void_p),
            ("start", ctypes.c_void_p),
            ("size", ctypes.c_uint32),
            ("position", ctypes.c_uint32),
            ("small", ctypes.c_uint16 * 5),
            ("nodes", ctypes.c_void_p * 8),
            ("wide", ctypes.c_uint64),
        )

    host = layout(Tree, Target.host())
    assert host.fields["wide"].offset == CTree.wide.offset
    assert host.fields["nodes"].offset == CTree.nodes.offset


def test_wide_scalars_align_to_four_on_i686() -> None:
    @struct
    class Mixed:
        small: u32
        wide: u64

    assert places(Mixed, Target.parse("i686-unknown-linux-gnu")) == [0, 4, 12]
    assert places(Mixed, Target.parse("riscv32-unknown-none-elf")) == [0, 8, 16]


def test_static_sizes_follow_the_current_space() -> None:
    assert size_of(usize) == Target.host().pointer_width
    assert offset_of(Buffer, "size") == Target.host().pointer_width
    assert size_of(Ptr[Tree]) == size_of(Fn[[u8], None]) == Target.host().pointer_width
    assert size_of(bool) == 1


def test_struct_info_resolves_annotations() -> None:
    info = struct_info(Tree)
    assert [field.name for field in info.fields] == ["root", "buffer", "small", "nodes", "wide", "vector", "tail"]
    assert [field.kind for field in info.fields[:3]] == [FieldKind.VALUE, FieldKind.INLINE, FieldKind.ARRAY]
    assert (info.field("nodes").type, info.field("nodes").count) == (Ptr[Node], 2)
    assert struct_info(Node).field("visit").type == Fn[[Node, u32], u32]
    assert struct_info(Tree) is info


def test_what_is_no_struct() -> None:
    with pytest.raises(TypeError, match="neither a @struct nor a @registers"):
        struct_info(int)
    with pytest.raises(TypeError, match="cannot inherit"):
        struct(type("Derived", (Buffer,), {}))

    @struct
    class Wrong:
        field: int

    with pytest.raises(TypeError, match="not a type that memory can hold"):
        layout(Wrong, ILP32)


@pytest.mark.parametrize(
    ("triple", "architecture", "pointer_width", "object_format"),
    [
        ("arm64_32-apple-watchos9.0", "aarch64", 4, "macho"),
        ("aarch64-apple-darwin", "aarch64", 8, "macho"),
        ("arm64-apple-ios15.0-simulator", "aarch64", 8, "macho"),
        ("armv7k-apple-watchos", "arm", 4, "macho"),
        ("x86_64-unknown-linux-gnu", "x86_64", 8, "elf"),
        ("x86_64-pc-windows-msvc", "x86_64", 8, "coff"),
        ("i686-unknown-linux-gnu", "i686", 4, "elf"),
        ("riscv32imac-unknown-none-elf", "riscv32", 4, "elf"),
        ("thumbv7em-none-eabihf", "arm", 4, "elf"),
    ],
)
def test_triples(triple: str, architecture: str, pointer_width: int, object_format: str) -> None:
    target = Target.parse(triple)
    assert (target.architecture, target.pointer_width, target.object_format) == (
        architecture,
        pointer_width,
        object_format,
    )
    assert Target.parse(triple) is target


def test_an_unknown_triple() -> None:
    with pytest.raises(ValueError, match="no architecture 'z80'"):
        Target.parse("z80-unknown-none")
