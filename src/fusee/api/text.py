"""The text format, assembled by a library: the engine itself reads binaries only."""

import shutil
import subprocess
import sys
from pathlib import Path

from fusee.api.errors import FuseeError

_NEEDED = "the text format needs `wasm-tools`: install fusee[wat], or put it on the PATH"


def wat2wasm(wat: str | bytes) -> bytearray:
    """The binary of a module in the text format."""
    source = wat.encode() if isinstance(wat, str) else bytes(wat)
    done = subprocess.run([_find(), "parse", "-", "-o", "-"], input=source, capture_output=True, check=False)
    if done.returncode != 0:
        raise FuseeError(done.stderr.decode(errors="replace").strip())
    return bytearray(done.stdout)


def to_binary(wasm: str | bytes | bytearray | memoryview) -> bytes:
    """The binary of what a user gave for a module: bytes, or text."""
    if isinstance(wasm, str):
        return bytes(wat2wasm(wasm))
    if not isinstance(wasm, bytes | bytearray | memoryview):
        raise TypeError("expected wasm bytes or text")
    return bytes(wasm)


def _find() -> str:
    beside = Path(sys.executable).parent / "wasm-tools"
    found = shutil.which("wasm-tools") or (str(beside) if beside.exists() else None)
    if found is None:
        raise FuseeError(_NEEDED)
    return found
