"""Programs from PyPI do under Fusee what they are for; packages are found, and named where they are not there."""

import re
import struct
import zlib
from pathlib import Path

import pytest

from fusee.bench.engines import Engine, fusee_engine, wasmtime_engine
from fusee.bench.measure import run_task
from fusee.bench.process import Run
from fusee.bench.real import FOLDER, PROGRAMS, Program, cases_of_programs
from fusee.bench.real.sources import Npm, PyPI
from fusee.bench.tasks import EMPTY_COMMAND, Host, Task, case_of_program


def run(name: str, engine: Engine) -> Run:
    program = next(program for program in PROGRAMS if program.name == name)
    if program.module is None:
        pytest.skip(program.source.remedy)
    return run_task(engine, program.task)


def test_cc1_compiles_a_workload() -> None:
    done = run("cc1", fusee_engine())
    assert (done.status, done.errors) == (0, b"")
    assembly = done.output.decode()
    assert '.file\t"json.c"' in assembly
    assert re.search(r"^run:$", assembly, re.MULTILINE)
    assert assembly.count("rcall read_value") + assembly.count("call read_value") >= 2


def test_boolector_finds_the_factors() -> None:
    done = run("boolector", fusee_engine())
    satisfiable = 10
    assert done.status == satisfiable
    a, b = (int(digits, 2) for digits in re.findall(rb"#b([01]+)", done.output))
    asked = re.search(r"bvmul a b\) #x([0-9a-f]+)", (FOLDER / "real" / "factors.smt2").read_text())
    assert asked and a * b == int(asked[1], 16)


def pixels(png: bytes) -> tuple[int, int, bytes]:
    """Width, height and rows of a picture (https://www.w3.org/TR/png-3/), filters still applied."""
    width, height = struct.unpack(">II", png[16:24])
    data, position = b"", 8
    while position < len(png):
        (size,) = struct.unpack(">I", png[position : position + 4])
        if png[position + 4 : position + 8] == b"IDAT":
            data += png[position + 8 : position + 8 + size]
        position += 12 + size
    return width, height, zlib.decompress(data)


def test_resvg_draws() -> None:
    done = run("resvg", fusee_engine())
    assert done.status == 0
    assert done.output.startswith(b"\x89PNG")
    width, height, rows = pixels(done.output)
    assert (width, height) == (720, 720)
    assert len(rows) == height * (1 + 4 * width)
    assert len(set(rows)) > 100, "a gradient has many colours"


def test_flite_speaks() -> None:
    done = run("flite", fusee_engine())
    assert done.status == 0
    phonemes = done.output.decode().split()
    assert phonemes[:5] == ["pau", "ax", "w", "aa", "ch"], "a watch"
    assert phonemes.count("w") > 20


@pytest.mark.slow
@pytest.mark.parametrize("name", ["boolector", "resvg", "flite"])
def test_wasmtime_gives_the_same_bytes(name: str) -> None:
    pytest.importorskip("wasmtime", reason="the oracle: pip install wasmtime")
    expected = run(name, wasmtime_engine("cranelift", "host"))
    found = run(name, fusee_engine())
    assert (found.status, found.output) == (expected.status, expected.output)


def test_a_package_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    absent = Program("tool", "", PyPI("no-such-package-at-all", "tool/tool.wasm"), ())
    script = Program("script", "", Npm("no-such-package-at-all", "script.wasm"), ())
    cases, missing = cases_of_programs(tmp_path / "empty.wasm", [absent, script])
    assert cases == []
    assert missing == {"tool": "pip install no-such-package-at-all", "script": "npm install no-such-package-at-all"}


def test_a_distribution_may_have_files_that_no_import_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = PyPI("the-tool.wasm", "the-tool/tool.wasm")
    monkeypatch.syspath_prepend(tmp_path)
    record = tmp_path / "the_tool_wasm-1.0.dist-info" / "METADATA"
    record.parent.mkdir()
    record.write_text("Metadata-Version: 2.1\nName: the-tool.wasm\nVersion: 1.0\n")
    assert source.find() is None
    module = tmp_path / source.file
    module.parent.mkdir()
    module.write_bytes(EMPTY_COMMAND)
    assert source.find() == module


def test_what_npm_installed_is_found_from_below_and_the_nearest_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Npm("tool.js", "dist/tool.wasm")
    inner = tmp_path / "project" / "part"
    inner.mkdir(parents=True)
    monkeypatch.chdir(inner)
    for folder in (tmp_path, inner):
        module = folder / "node_modules" / "tool.js" / "dist" / "tool.wasm"
        module.parent.mkdir(parents=True)
        assert source.find() != module
        module.write_bytes(EMPTY_COMMAND)
        assert source.find() == module


def test_a_hosts_idle_run_is_one_of_the_host(tmp_path: Path) -> None:
    host = Host("some.host", "is a library")
    module = tmp_path / "tool.wasm"
    module.write_bytes(EMPTY_COMMAND)
    case = case_of_program(Task(module, None, ("script",), tmp_path, host), tmp_path / "empty.wasm")
    assert case.idle == Task(tmp_path / "empty.wasm", host=host)
