"""The header declares the whole of the standard C API, and the library defines what the headers declare."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from fusee.engine.capi.platform.choice import default_platform
from fusee.engine.program import DEVICE_PROGRAM
from fusee.kernel.lang import Instance
from fusee.kernel.target import Target
from tests.device.embedding import INCLUDE, library, unpack
from tests.package import standard

BARE = "riscv32imac-unknown-none-elf"
PROGRAM = "#include <fusee.h>\n"


def declared(tmp_path: Path) -> tuple[set[str], set[str]]:
    """The functions that the headers declare, and those that they define."""
    pytest.importorskip("ziglang")
    (tmp_path / "all.c").write_text(PROGRAM)
    command = [sys.executable, "-m", "ziglang", "cc", "-E", "-P", "-ffreestanding", "-I", str(INCLUDE)]
    done = subprocess.run([*command, str(tmp_path / "all.c")], capture_output=True, text=True, check=True)
    text, replaced = done.stdout, 1
    while replaced:  # without bodies, and without the members of structures
        text, replaced = re.subn(r"\{[^{}]*\}", "@", text)
    heads = re.findall(r"([^;@]*?\b((?:wasm|fusee)_\w+)\s*\([^;@]*\))\s*[;@]", text)
    functions = [(head, name) for head, name in heads if "typedef" not in head]
    inline = {name for head, name in functions if "static" in head}
    return {name for _, name in functions} - inline, inline


def test_the_header_is_the_standard_one(tmp_path: Path) -> None:
    found, inline = declared(tmp_path)
    assert {name for name in found if name.startswith("wasm_")} == standard.defined() | standard.added()
    assert not standard.defined() & standard.added()
    assert {name for name in inline if name.startswith("wasm_")} == standard.inline()
    assert len(standard.defined()) + len(standard.inline()) == 306


def test_the_headers_declare_what_is_exported(tmp_path: Path) -> None:
    exported: set[str | None] = set()
    for code in (*DEVICE_PROGRAM.entries, *default_platform(Target.parse("x86_64-unknown-linux-gnu")).entries):
        exported |= set(code.exports) if isinstance(code, Instance) else {code.export}
    found, _ = declared(tmp_path)
    assert found == exported


@pytest.mark.slow
@pytest.mark.parametrize("triple", [Target.host().triple, "arm64_32-apple-watchos", BARE])
def test_all_that_is_declared_is_defined(triple: str, tmp_path: Path) -> None:
    lief = pytest.importorskip("lief")
    defined: set[str] = set()
    for contents in unpack(library(triple), tmp_path / "library").values():
        parsed = lief.parse(list(contents))  # without it there are no symbols any more
        defined |= {str(symbol.name).removeprefix("_") for symbol in parsed.symbols if not is_undefined(symbol)}
    found, _ = declared(tmp_path)
    assert len(found) > 280 and found - defined == set()


def is_undefined(symbol: object) -> bool:
    """Of ELF and Mach-O: a name that something else defines."""
    is_elf = hasattr(symbol, "shndx")
    return bool(getattr(symbol, "shndx") == 0 if is_elf else getattr(symbol, "raw_type") & 0x0E == 0)  # noqa: B009
