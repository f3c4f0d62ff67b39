"""Images: linked here, for this machine and for others, and memory for them by each system's rules."""

from __future__ import annotations

import ctypes
import mmap
import threading
from pathlib import Path

import pytest

from fusee.kernel.apple import AppleRoom
from fusee.kernel.build import Program, emit_objects, symbol_of
from fusee.kernel.cache import Cache
from fusee.kernel.compile import Compilation, Options
from fusee.kernel.image import Image, MappedImage
from fusee.kernel.linker import link
from fusee.kernel.objects import NotSupported
from fusee.kernel.target import Target
from tests.kernel import image_kernels as images
from tests.kernel import ordered_handlers as ordered

IMAGES = Program("images", images.ENTRIES)
ENTRY_OF_CHANGE = "entry." + symbol_of(images.change)
ENTRY_OF_SET_BYTES = "entry." + symbol_of(images.set_bytes)
PAGE = 0x1_0000


def objects_for(triple: str, folder: Path) -> list[bytes]:
    return list(emit_objects(IMAGES, Target.parse(triple), cache=Cache(folder)).values())


def test_images_of_this_machine(tmp_path: Path) -> None:
    """An image survives being stored."""
    if not Target.host().triple.endswith("-unknown-linux-gnu"):
        pytest.skip("images are for ELF systems and arm64 macOS")
    compilation = Compilation(IMAGES, Options(Target.host(), for_this_process=True))
    linked = link(contents for _, contents in compilation.objects(Cache(tmp_path), None).values())
    mapped = MappedImage(Image.from_bytes(linked.to_bytes()))
    change = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_uint32, ctypes.c_uint64)(mapped.address(ENTRY_OF_CHANGE))
    assert (change(0, 9), change(1, 9)) == (18, 81)
    assert mapped.address("missing") == 0
    room = ctypes.create_string_buffer(5)
    set_bytes = ctypes.CFUNCTYPE(ctypes.c_size_t, ctypes.c_void_p, ctypes.c_uint8, ctypes.c_size_t)
    assert set_bytes(mapped.address(ENTRY_OF_SET_BYTES))(ctypes.addressof(room), 7, 4) == 4
    assert room.raw == b"\7\7\7\7\0"


@pytest.mark.parametrize("triple", ["riscv32-unknown-elf", "arm64_32-apple-watchos", "x86_64-apple-macos"])
def test_other_object_files_are_refused(tmp_path: Path, triple: str) -> None:
    with pytest.raises(NotSupported):
        link(objects_for(triple, tmp_path))
    with pytest.raises(NotSupported, match="several machines"):
        link(objects_for("x86_64-unknown-linux-gnu", tmp_path) + objects_for("arm64-apple-macos", tmp_path))


def test_handlers_lie_together_in_the_order_wanted(tmp_path: Path) -> None:
    program = Program("ordered", [ordered.call], {"handlers": ordered.HANDLERS})
    compilation = Compilation(program, Options(Target.parse("x86_64-unknown-linux-gnu"), for_this_process=True))
    objects = [contents for _, contents in compilation.objects(Cache(tmp_path), None).values()]
    names = [symbol_of(handler) for handler in ordered.HANDLERS]
    for first in (names[2:3], names[::-1], [names[1], "of another engine", names[0]]):
        places = link(objects, first).symbols
        there = [name for name in first if name in names]
        assert sorted(names, key=places.__getitem__)[: len(there)] == there


# --- AArch64's, emulated ---------------------------------------------------------------------------


class Processor:
    """An emulated AArch64 processor with an image in its memory, and a `memset` of the system's."""

    START, STACK, MEMSET, DATA = 0x12_3456_0000, 0x2000_0000, 0x3000_0000, 0x4000_0000

    def __init__(self, image: Image) -> None:
        unicorn = pytest.importorskip("unicorn", reason="emulates the processor: pip install 'fusee[emulator]'")
        const = pytest.importorskip("unicorn.arm64_const")
        self.x = [getattr(const, f"UC_ARM64_REG_X{number}") for number in range(3)]
        self.lr, self.sp = const.UC_ARM64_REG_LR, const.UC_ARM64_REG_SP
        self.machine = unicorn.Uc(unicorn.UC_ARCH_ARM64, unicorn.UC_MODE_ARM)
        data = len(image.contents) - image.executable
        contents = bytearray(len(image.contents))
        self.wanted: list[str] = []
        image.write_to(memoryview(contents), self.START, self.library_function)
        self.machine.mem_map(self.START, data, unicorn.UC_PROT_READ | unicorn.UC_PROT_WRITE)
        self.machine.mem_map(self.START + data, image.executable, unicorn.UC_PROT_READ | unicorn.UC_PROT_EXEC)
        self.machine.mem_write(self.START, bytes(contents))
        for address in (self.STACK, self.MEMSET, self.DATA):
            self.machine.mem_map(address, PAGE)
        self.machine.mem_write(self.MEMSET, bytes.fromhex("c0035fd6"))  # ret
        self.machine.hook_add(unicorn.UC_HOOK_CODE, self.on_memset, begin=self.MEMSET, end=self.MEMSET)
        self.symbols = image.symbols

    def library_function(self, name: str) -> int:
        self.wanted.append(name)
        return self.MEMSET

    def on_memset(self, machine: object, address: int, size: int, data: object) -> None:
        place, byte, count = (self.machine.reg_read(register) for register in self.x)
        self.machine.mem_write(place, bytes([byte & 0xFF]) * count)

    def call(self, symbol: str, *arguments: int) -> int:
        for register, argument in zip(self.x, arguments, strict=False):
            self.machine.reg_write(register, argument)
        self.machine.reg_write(self.sp, self.STACK + PAGE)
        self.machine.reg_write(self.lr, self.STACK)  # where nothing is executed
        self.machine.emu_start(self.START + self.symbols[symbol], self.STACK, count=10_000)
        return int(self.machine.reg_read(self.x[0]))


@pytest.mark.parametrize("triple", ["aarch64-unknown-linux-gnu", "arm64-apple-macos"])
def test_images_of_other_machines(tmp_path: Path, triple: str) -> None:
    image = link(objects_for(triple, tmp_path))
    page = {"elf": PAGE, "macho": 0x4000}[Target.parse(triple).object_format]
    assert image.executable % page == len(image.contents) % page == 0
    processor = Processor(image)
    assert processor.wanted == ["memset"]
    assert [processor.call(ENTRY_OF_CHANGE, which, 9) for which in (0, 1)] == [18, 81]
    assert processor.call(ENTRY_OF_SET_BYTES, processor.DATA + 3, 7, 4) == 4
    assert bytes(processor.machine.mem_read(processor.DATA, 9)) == b"\0\0\0\7\7\7\7\0\0"


# --- Apple's rules ---------------------------------------------------------------------------------

READ, WRITE, EXECUTE = 1, 2, 4
PRIVATE, ANONYMOUS, FIXED, JIT = 0x2, 0x1000, 0x10, 0x800


class Macos:
    """The C library of a macOS that notes what is called, and holds its caller to Apple's rules."""

    def __init__(self, refused: bool = False, moved: bool = False) -> None:
        self.refused, self.moved = refused, moved
        self.memory = mmap.mmap(-1, 4 * PAGE)
        self.base = ctypes.addressof(ctypes.c_char.from_buffer(self.memory))
        self.calls: list[tuple[str, int, int]] = []  # with place, from the memory's start, and size
        self.code: range | None = None
        self.writers: set[int] = set()  # threads that may write into code
        self.mapped: set[tuple[int, int]] = set()

    def mmap(self, place: int, size: int, protection: int, flags: int, file: int, offset: int) -> int:
        assert (file, offset, flags & (PRIVATE | ANONYMOUS)) == (-1, 0, PRIVATE | ANONYMOUS)
        assert not flags & FIXED
        if not flags & JIT:
            assert protection == READ | WRITE
            self.calls.append(("mmap", 0, size))
            self.mapped.add((0, size))
            return self.base
        assert protection == READ | WRITE | EXECUTE
        self.calls.append(("mmap for code", place - self.base, size))
        if self.refused:
            return (1 << 64) - 1  # MAP_FAILED
        place += PAGE * self.moved
        self.code = range(place, place + size)
        self.mapped.add((place - self.base, size))
        return place

    def munmap(self, place: int, size: int) -> int:
        self.calls.append(("munmap", place - self.base, size))
        for start, length in list(self.mapped):
            if start < place - self.base + size and place - self.base < start + length:
                self.mapped.remove((start, length))
                if start < place - self.base:
                    self.mapped.add((start, place - self.base - start))
        return 0

    def memmove(self, place: int, source: int, size: int) -> None:
        assert self.code is not None
        assert place + size <= self.code.start or (place in self.code and threading.get_ident() in self.writers)
        self.calls.append(("memmove", place - self.base, size))
        ctypes.memmove(place, source, size)

    def pthread_jit_write_protect_np(self, enabled: int) -> None:
        self.calls.append(("execute" if enabled else "write", 0, 0))
        (self.writers.discard if enabled else self.writers.add)(threading.get_ident())

    def sys_icache_invalidate(self, place: int, size: int) -> None:
        self.calls.append(("invalidate", place - self.base, size))


def test_apples_rules() -> None:
    """Code is mapped for code, written in a thread that may not execute meanwhile, and then forgotten by the cache."""
    libc = Macos()
    room = AppleRoom(PAGE, 2 * PAGE, libc)
    contents = bytes(range(256)) * (3 * PAGE // 256)
    threads = []

    def write(memory: memoryview, start: int) -> None:
        threads.append(threading.get_ident())
        assert (start, len(memory)) == (libc.base, 3 * PAGE)
        memory[:] = contents

    room.fill(write)
    assert libc.calls == [
        ("mmap", 0, 3 * PAGE),
        ("munmap", PAGE, 2 * PAGE),
        ("mmap for code", PAGE, 2 * PAGE),
        ("memmove", 0, PAGE),
        ("write", 0, 0),
        ("memmove", PAGE, 2 * PAGE),
        ("execute", 0, 0),
        ("invalidate", PAGE, 2 * PAGE),
    ]
    assert libc.memory[: 3 * PAGE] == contents
    assert threads == [threading.get_ident()]  # only the copy is made by another thread
    assert libc.mapped == {(0, PAGE), (PAGE, 2 * PAGE)}
    del room
    assert libc.mapped == set()


@pytest.mark.parametrize(("refused", "moved"), [(True, False), (False, True)])
def test_where_apple_gives_no_place(refused: bool, moved: bool) -> None:
    """Nothing stays mapped, and the caller takes the ordinary way."""
    libc = Macos(refused, moved)
    with pytest.raises(OSError, match="code"):
        AppleRoom(PAGE, PAGE, libc)
    assert libc.mapped == set()
