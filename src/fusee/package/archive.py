"""Static libraries: the `ar` format in the two dialects that linkers take.

The same members always give the same bytes: no time, owner or mode of anything on this machine is
noted. GNU's dialect (System V's, with long names in a table) serves ELF; BSD's (long names before the
contents) with a `__.SYMDEF SORTED` index serves Mach-O.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from fusee.package.objects import read_object

_MAGIC = b"!<arch>\n"


def checked_archive(contents: memoryview) -> bytes:
    """What the cache has of an archive. Raises `ValueError` unless it begins as one."""
    data = bytes(contents)
    if not data.startswith(_MAGIC):
        raise ValueError("not an archive")
    return data


def write_archive(members: Sequence[tuple[str, bytes]], object_format: str) -> bytes:
    """An archive of object files by name, with an index of what they define."""
    symbols = [(name, number) for number, (_, data) in enumerate(members) for name in read_object(data).defined]
    writer = _write_bsd if object_format == "macho" else _write_gnu
    return writer(members, symbols)


def _member(name: bytes, contents: bytes) -> bytes:
    header = b"%-16s%-12d%-6d%-6d%-8o%-10d`\n" % (name, 0, 0, 0, 0o644, len(contents))
    return header + contents + b"\n" * (len(contents) % 2)


# --- BSD -------------------------------------------------------------------------------------------

_INDEX = "__.SYMDEF SORTED"


def _bsd_member(name: str, contents: bytes) -> bytes:
    """A member with its name in front of its contents, so that both are aligned to 8 bytes."""
    encoded = name.encode()
    encoded += b"\0" * (-(len(encoded) + 60) % 8 or 8)
    contents += b"\n" * (-len(contents) % 8)
    return _member(b"#1/%d" % len(encoded), encoded + contents)


def _write_bsd(members: Sequence[tuple[str, bytes]], symbols: list[tuple[str, int]]) -> bytes:
    symbols = sorted(symbols)
    bodies = [_bsd_member(name, data) for name, data in members]
    offsets = _offsets(bodies, len(_MAGIC) + len(_bsd_index(symbols, [0] * len(bodies))))
    return b"".join([_MAGIC, _bsd_index(symbols, offsets), *bodies])


def _bsd_index(symbols: list[tuple[str, int]], offsets: list[int]) -> bytes:
    """Pairs of (offset of the name, offset of the member) by name, then the names."""
    pairs, names = b"", b""
    for name, member in symbols:
        pairs += struct.pack("<II", len(names), offsets[member])
        names += name.encode() + b"\0"
    names += b"\0" * (-len(names) % 8)
    return _bsd_member(_INDEX, struct.pack("<I", len(pairs)) + pairs + struct.pack("<I", len(names)) + names)


def _offsets(bodies: list[bytes], first: int) -> list[int]:
    offsets, at = [], first
    for body in bodies:
        offsets.append(at)
        at += len(body)
    return offsets


# --- GNU -------------------------------------------------------------------------------------------


def _write_gnu(members: Sequence[tuple[str, bytes]], symbols: list[tuple[str, int]]) -> bytes:
    names, places = b"", []
    for name, _ in members:
        places.append(b"/%d" % len(names))
        names += name.encode() + b"/\n"
    table = _member(b"//", names)
    bodies = [_member(place, data) for place, (_, data) in zip(places, members, strict=True)]
    before = len(_MAGIC) + len(_gnu_index(symbols, [0] * len(bodies))) + len(table)
    return b"".join([_MAGIC, _gnu_index(symbols, _offsets(bodies, before)), table, *bodies])


def _gnu_index(symbols: list[tuple[str, int]], offsets: list[int]) -> bytes:
    """The number of symbols, for each the offset of its member, then the names; big-endian everywhere."""
    numbers = struct.pack(f">{len(symbols) + 1}I", len(symbols), *(offsets[member] for _, member in symbols))
    return _member(b"/", numbers + b"".join(name.encode() + b"\0" for name, _ in symbols))
