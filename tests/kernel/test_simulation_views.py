"""Ordinary Python reads and writes structs in memory that is not simulated."""

import ctypes

from fusee.kernel.lang import Fn, Inline, Ptr, address, i16, is_null, size_of, struct, u8, u16, u32, u64
from fusee.kernel.memory import read_bytes, view, view_array, write_bytes
from fusee.kernel.pointer import CodeAddress
from fusee.kernel.rows import read_integers, read_rows
from fusee.kernel.space import Space
from fusee.kernel.target import ILP32


@struct
class Item:
    key: u32
    value: u64


@struct
class Box:
    items: Ptr[Item]
    count: u32
    first: Inline[Item]
    next: "Box"
    callback: Fn[[u32], u32]


class DeviceSpace(Space):
    """Stands for a device's memory, reached only through reads and writes."""

    def __init__(self) -> None:
        self.target = ILP32
        self.memory = bytearray(256)

    def read(self, address: int, size: int, mask: int = 0) -> bytes:
        return bytes(self.memory[address : address + size])

    def write(self, address: int, data: bytes, mask: int = 0) -> None:
        self.memory[address : address + len(data)] = data


def test_this_process() -> None:
    storage = ctypes.create_string_buffer(size_of(Box) + 3 * size_of(Item))
    start = ctypes.addressof(storage)
    box = view(Box, start)
    box.items = view_array(Item, start + size_of(Box))
    box.count = u32(3)
    box.items[2].value = u64(77)
    box.first.key = u32(5)
    box.next = box
    box.callback = CodeAddress(0x1234)
    again = view(Box, start).next
    assert again.count == 3
    assert again.items[2].value == 77
    assert again.first.key == 5
    assert int(address(again.items)) == start + size_of(Box)
    assert again.callback == CodeAddress(0x1234)
    assert ctypes.c_uint64.from_address(start + size_of(Box) + 2 * size_of(Item) + 8).value == 77


def test_bytes_of_this_process() -> None:
    storage = ctypes.create_string_buffer(b"hello", 8)
    p = view_array(u8, ctypes.addressof(storage))
    assert read_bytes(p, 5) == b"hello"
    write_bytes(p + 1, b"allo")
    assert storage.value == b"hallo"
    assert p[4] == ord("o")


def test_another_machine() -> None:
    device = DeviceSpace()
    box = view(Box, 0x10, device)
    box.items = view_array(Item, 0x80, device)
    box.items[1].value = u64(9)
    assert device.memory[0x10:0x14] == b"\x80\0\0\0"
    assert device.memory[0x80 + 16 + 8] == 9
    assert is_null(box.next)


def test_rows_are_what_views_show() -> None:
    space = DeviceSpace()
    boxes = view_array(Box, 16, space)
    write_bytes(view_array(u8, 16, space), bytes(range(1, 2 * boxes.codec.size + 1)))
    fields = ("items", "count", "first.key", "first.value", "callback")
    rows = read_rows(boxes, 2, fields)
    shown = [
        (box.items.address, int(box.count), int(box.first.key), int(box.first.value), box.callback.address)  # type: ignore[attr-defined]
        for box in (boxes[0], boxes[1])
    ]
    assert rows == shown
    assert read_rows(boxes, 0, fields) == []


def test_arrays_of_integers_are_what_views_show() -> None:
    storage = ctypes.create_string_buffer(b"\xff\x00\x01\x80\x03\x00\xfe\xff")
    start = ctypes.addressof(storage)
    assert read_integers(view_array(i16, start), 4) == (255, -32767, 3, -2)
    assert read_integers(view_array(u16, start), 4) == (255, 32769, 3, 65534)
    assert read_integers(view_array(u64, start), 1) == (0xFFFE_0003_8001_00FF,)
    assert read_integers(view_array(u8, 0), 0) == ()
