"""A program in C with POSIX threads, as wasi-threads and as native code: both print the same.

The C library with threads is the one that Rust's target `wasm32-wasip1-threads` brings along (`rustup target add`), or
any other wasi-libc with them: a folder with `crt1-command.o` and `libc.a`.
"""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

SOURCE: Final = Path(__file__).with_name("pthreads.c")
_ZIG: Final = (sys.executable, "-m", "ziglang")
_TARGET: Final = ("-target", "wasm32-wasi-musl", "-mcpu=generic+atomics+bulk_memory+mutable_globals", "-D_REENTRANT")
_LINKING: Final = ("--import-memory", "--export-memory", "--shared-memory", f"--max-memory={1 << 26}")


def build(libc: Path, folder: Path) -> Path:
    """The program for wasi-threads."""
    compiled, linked = folder / "program.o", folder / "program.wasm"
    subprocess.run([*_ZIG, "cc", "-O2", "-c", *_TARGET, SOURCE, "-o", compiled], check=True)
    parts = [libc / "crt1-command.o", compiled, libc / "libc.a"]
    subprocess.run([*_ZIG, "wasm-ld", "-m", "wasm32", *parts, *_LINKING, "-o", linked], check=True)
    return linked


def run(libc: Path, rounds: int) -> None:
    """Run both, and compare. Raises `AssertionError`."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        native = folder / "native"
        subprocess.run([*_ZIG, "cc", "-O2", "-pthread", SOURCE, "-o", native], check=True)
        guest = (sys.executable, "-m", "fusee", "run", "-S", "threads", build(libc, folder))
        right = subprocess.run([native], check=True, capture_output=True, text=True).stdout
        for _ in range(rounds):
            assert subprocess.run(guest, check=True, capture_output=True, text=True).stdout == right
        print(right, end="")
