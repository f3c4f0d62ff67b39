"""`fusee build`, in a process of its own: the instruction set is chosen for a target before anything imports it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fusee.engine.isa import selection
from fusee.package.library import measure
from fusee.package.objects import Kind, Object, Section, Symbol

SMALLEST_BYTES = 235 * 1024  # of arm64_32


# The command line on a machine for which no engine can be had: where one would be compiled or loaded, this fails.
WITHOUT_ENGINE = """
import sys
from fusee.kernel import image, machine

def fail(*arguments):
    raise OSError("there is no engine for this machine")

machine.host_processor = machine.Loaded.__init__ = image.MappedImage.__init__ = fail
sys.modules["fusee.api._native"] = None
from fusee.cli.main import run_command
sys.exit(run_command(sys.argv[1:]))
"""


def fusee(cache: Path, *arguments: str, program: tuple[str, str] = ("-m", "fusee")) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *program, *arguments]
    environment = {**os.environ, "FUSEE_CACHE": str(cache)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=600)


@pytest.mark.slow
def test_the_smallest_library_for_the_watch(tmp_path: Path) -> None:
    """It is the same wherever it is built, and building it asks nothing of the machine but Python and LLVM."""
    triple = "arm64_32-apple-watchos"
    for folder, program in (("first", ("-m", "fusee")), ("again", ("-c", WITHOUT_ENGINE))):
        cache = tmp_path / f"cache of the {folder}"  # so that both are compiled
        command = ("build", "--target", triple, "--optimize", "size", "-o", str(tmp_path / folder))
        done = fusee(cache, *command, program=program)
        assert done.returncode == 0, done.stderr
    first, again = tmp_path / "first", tmp_path / "again"
    names = {path.relative_to(first).as_posix() for path in first.rglob("*") if path.is_file()}
    assert names == {
        "libfusee.a", "sizes.json", "include/fusee.h", "include/wasm.h", "include/module.modulemap",
    }  # fmt: skip
    for name in names:
        assert (first / name).read_bytes() == (again / name).read_bytes()
    sizes = json.loads((first / "sizes.json").read_text())
    assert sizes["text"] == sum(sizes["families"].values()) < SMALLEST_BYTES
    assert sizes["data"] < 320, "what it needs to write: most of it Apple's lock and condition for guests that wait"
    assert (first / "libfusee.a").read_bytes().startswith(b"!<arch>\n#1/")


def test_unknown_targets(tmp_path: Path) -> None:
    done = fusee(tmp_path, "build", "--target", "arm64_32-apple-watchs", "-o", str(tmp_path / "library"))
    assert done.returncode == 1
    assert "did you mean arm64_32-apple-watchos?" in done.stderr
    assert not (tmp_path / "library").exists()
    done = fusee(tmp_path, "build", "--target", "x86_64-pc-windows-msvc", "-o", str(tmp_path / "library"))
    assert "no archives for coff objects" in done.stderr
    assert not (tmp_path / "library").exists()


def test_the_list_of_targets(tmp_path: Path) -> None:
    done = fusee(tmp_path, "targets", program=("-c", WITHOUT_ENGINE))
    assert done.returncode == 0, done.stderr
    failed = fusee(tmp_path, "run", str(tmp_path / "none.wasm"), program=("-c", WITHOUT_ENGINE))
    assert failed.returncode != 0
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("arm64_32-")]
    assert line.split() == ["arm64_32-apple-watchos", "32", "bits,", "little", "ILP32", "macho", "apple-s4", "9.0"]


def test_sizes() -> None:
    code = Object((Section("text", Kind.CODE, 30), Section("debug", Kind.OTHER, 99)), (Symbol("a", True),))
    mixed = Object((Section("const", Kind.CONSTANTS, 5), Section("data", Kind.DATA, 8)), ())
    sizes = measure({"fusee.engine.decode": mixed, "compute_i64.3": code, "compute_i64.4": code})
    assert sizes["families"] == {"engine.decode": 5, "compute_i64": 60}
    assert (sizes["text"], sizes["data"], sizes["optional"]) == (65, 8, {"simd": 0, "gc": 0, "wasi": 0})


def test_it_may_be_too_late_to_choose() -> None:
    import fusee.engine.isa.forms  # noqa: F401

    selection.choose(selection.chosen())
    with pytest.raises(RuntimeError, match="the engine of this process is already 'host'"):
        selection.choose(selection.SIZE)


@pytest.mark.parametrize(
    ("name", "least", "most"), [("SPEED", 5000, 10000), ("SLOTS", 1000, 2500), ("SIZE", 900, 1700)]
)
def test_selections(name: str, least: int, most: int) -> None:
    """Every selection makes a consistent instruction set, of about the size that it is meant to have."""
    program = (
        f"from fusee.engine.isa.selection import {name}, choose; choose({name}); import fusee.engine.program; "
        "from fusee.engine.isa.table import HANDLER_COUNT; print(HANDLER_COUNT)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert least < int(done.stdout) < most
