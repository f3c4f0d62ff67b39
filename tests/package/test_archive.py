"""Archives and object files, as the tools that read them see them."""

import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from fusee.kernel.build import Program, emit_objects
from fusee.kernel.cache import Cache
from fusee.kernel.lang import Ptr, copy_bytes, kernel, table, u8, u32, usize
from fusee.kernel.target import Target
from fusee.package.archive import write_archive
from fusee.package.objects import Kind, macho_commands, read_object

SQUARES = table(u32, [n * n for n in range(100)])

TRIPLES = ["arm64_32-apple-watchos", "arm64-apple-ios", "x86_64-unknown-linux-gnu", "thumbv7em-none-eabi"]


@kernel(export="square_of")
def square_of(n: u32) -> u32:
    return SQUARES[n]


@kernel(export="move_bytes")
def move_bytes(to: Ptr[u8], start: Ptr[u8], size: usize) -> None:
    copy_bytes(to, start, size)


PROGRAM = Program("archived", [square_of, move_bytes])


def objects_for(triple: str, tmp_path: Path) -> list[tuple[str, bytes]]:
    objects = emit_objects(PROGRAM, Target.parse(triple), cache=Cache(tmp_path / "cache"))
    return [(f"a rather long name for {name}.o", contents) for name, contents in objects.items()]


@pytest.mark.parametrize("triple", TRIPLES)
def test_objects(triple: str, tmp_path: Path) -> None:
    objects = [read_object(contents) for _, contents in objects_for(triple, tmp_path)]
    underscore = "_" if "apple" in triple else ""
    defined = {name for contents in objects for name in contents.defined}
    assert {f"{underscore}square_of", f"{underscore}move_bytes"} <= defined
    undefined = {name for contents in objects for name in contents.undefined} - defined
    assert undefined in ({f"{underscore}memmove"}, {"__aeabi_memmove"})
    assert sum(contents.size(Kind.CONSTANTS) for contents in objects) >= 400
    assert 8 <= sum(contents.size(Kind.CODE) for contents in objects) < 200
    assert sum(contents.size(Kind.DATA) for contents in objects) == 0


@pytest.mark.parametrize("triple", TRIPLES)
def test_archives_are_deterministic_and_indexed(triple: str, tmp_path: Path) -> None:
    target, members = Target.parse(triple), objects_for(triple, tmp_path)
    archive = write_archive(members, target.object_format)
    assert archive == write_archive(members, target.object_format)
    assert archive.startswith(b"!<arch>\n")
    reader = shutil.which("llvm-nm") or shutil.which("nm")
    if reader is None:
        pytest.skip("no nm here to read the archive with")
    (tmp_path / "lib.a").write_bytes(archive)
    listing = subprocess.run([reader, "--print-armap", tmp_path / "lib.a"], capture_output=True, text=True, check=False)
    if "square_of" not in listing.stdout:
        pytest.skip(f"{reader} does not know the format: {listing.stderr}")
    assert "square_of in a rather long name for" in listing.stdout


def test_members_of_macho_archives_are_aligned(tmp_path: Path) -> None:
    members = [("odd.o", objects_for(TRIPLES[0], tmp_path)[0][1] + b"\0"), ("next.o", b"\xce\xfa\xed\xfe" + bytes(24))]
    archive = write_archive(members, "macho")
    for start in (archive.index(b"\xce\xfa\xed\xfe"), archive.rindex(b"\xce\xfa\xed\xfe")):
        assert start % 8 == 0


@pytest.mark.parametrize(
    ("triple", "platform", "minimum"),
    [
        ("arm64_32-apple-watchos", 4, 9 << 16),
        ("arm64_32-apple-watchos10.2", 4, 10 << 16 | 2 << 8),
        ("arm64-apple-watchos", 4, 26 << 16),
        ("arm64-apple-watchos-simulator", 9, 9 << 16),
        ("arm64-apple-ios", 2, 15 << 16),
        ("arm64-apple-ios-simulator", 7, 15 << 16),
        ("arm64-apple-tvos", 3, 15 << 16),
        ("arm64-apple-visionos", 11, 1 << 16),
        ("arm64-apple-macos", 1, 11 << 16),
        ("x86_64-apple-macos", 1, 11 << 16),
    ],
)
def test_build_versions(triple: str, platform: int, minimum: int, tmp_path: Path) -> None:
    """`LC_BUILD_VERSION`: platform, oldest system and SDK (<mach-o/loader.h>)."""
    for _, contents in objects_for(triple, tmp_path):
        (place,) = [at for command, at in macho_commands(contents) if command == 0x32]
        assert struct.unpack_from("<3I", contents, place + 8) == (platform, minimum, minimum)


def test_neither_format() -> None:
    with pytest.raises(ValueError, match="neither"):
        read_object(b"MZ" + bytes(100))
