"""Building: the cache, parallel builds, object files for other machines, line tables, quality of the code."""

from __future__ import annotations

import ctypes
import importlib.util
import multiprocessing
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from fusee.kernel import build, parallel, sources
from fusee.kernel.build import Library, Program, emit_objects, load, symbol_of
from fusee.kernel.cache import Cache
from fusee.kernel.compile import Code, Compilation, Options
from fusee.kernel.diagnostic import CompileError
from fusee.kernel.lang import i32, instance, kernel, u32, u64
from fusee.kernel.linker import link
from fusee.kernel.machine import Loaded
from fusee.kernel.target import Target
from tests.kernel.programs import machine

MACHINE = Program("machine", machine.ENTRIES, machine.SHARDS)


@kernel
def triangle(n: u64) -> u64:
    return n * (n + 1) // 2


@kernel(export="triangle_of_squares")
def exported(n: u32) -> u64:
    return triangle(u64(n) * u64(n))


SMALL = Program("small", [triangle, exported])


class Steps:
    """Records what a build reports."""

    def __init__(self) -> None:
        self.calls: list[tuple[int, int]] = []

    def __call__(self, done: int, total: int) -> None:
        self.calls.append((done, total))


def built(program: Program, folder: Path) -> tuple[Library, list[tuple[int, int]]]:
    steps = Steps()
    return load(program, progress=steps, cache=Cache(folder)), steps.calls


# --- the cache ------------------------------------------------------------------------------------


def test_progress_and_warm_start(tmp_path: Path) -> None:
    library, steps = built(MACHINE, tmp_path)
    assert steps[0][0] == 0
    assert steps[-1][0] == steps[-1][1] > len(machine.BINARY)
    assert steps == sorted(steps)
    again, steps = built(MACHINE, tmp_path)
    assert steps == []  # nothing was compiled, or even checked
    assert again.function(machine.handler_count)() == library.function(machine.handler_count)() == len(machine.BINARY)


def test_damaged_files_are_made_again(tmp_path: Path) -> None:
    for damage in (b"", b"\0" * 40, None):
        built(SMALL, tmp_path)
        for path in tmp_path.glob("*/*"):
            if path.parent.name == "locks":
                continue
            contents = path.read_bytes()
            path.write_bytes(contents[:-1] + bytes([contents[-1] ^ 1]) if damage is None else damage)
        library, steps = built(SMALL, tmp_path)
        assert steps
        assert library.function(triangle)(100) == 5050


def test_unwritable_cache(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_bytes(b"")
    with pytest.warns(RuntimeWarning, match="cannot be written: the next start compiles it again"):
        library, _ = built(SMALL, blocked / "cache")
    assert library.function(triangle)(4) == 10


@pytest.fixture
def _without_bytecode(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python takes what it has compiled of a file of the same second and size for the file's."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)


def write_constant(folder: Path, constant: int) -> None:
    (folder / "constants_of_test.py").write_text(f"VALUE = {constant}\n")


def write_module(folder: Path, constant: int) -> ModuleType:
    """A module with one kernel whose result is `constant`, taken from a module that it imports."""
    write_constant(folder, constant)
    file = folder / "kernel_of_test.py"
    file.write_text(
        "import constants_of_test\nfrom fusee.kernel.lang import kernel, u32\n\n\n"
        "@kernel\ndef answer() -> u32:\n    return u32(constants_of_test.VALUE)\n"
    )
    for name in ("constants_of_test", "kernel_of_test"):
        spec = importlib.util.spec_from_file_location(name, folder / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    sources.file_digest.cache_clear()
    return module


@pytest.mark.usefixtures("_without_bytecode")
def test_changed_sources(tmp_path: Path) -> None:
    """A constant of an imported module is part of the program."""
    for constant in (41, 42, 42):
        module = write_module(tmp_path, constant)
        library, _ = built(Program("changing", [module.answer]), tmp_path / "cache")
        assert library.function(module.answer)() == constant


@pytest.mark.usefixtures("_without_bytecode")
def test_sources_that_change_while_they_are_compiled(tmp_path: Path) -> None:
    """What was compiled is not taken for the program of the new ones."""
    module = write_module(tmp_path, 41)
    program = Program("overtaken", [module.answer])
    library = load(program, progress=lambda *_: write_constant(tmp_path, 42), cache=Cache(tmp_path / "cache"))
    assert library.function(module.answer)() == 41
    module = write_module(tmp_path, 42)
    library, _ = built(Program("overtaken", [module.answer]), tmp_path / "cache")
    assert library.function(module.answer)() == 42


def build_in_process(folder: Path, results: Any) -> None:
    compiled = []

    class Counted(Compilation):
        def __init__(self, program: Program, options: Options) -> None:
            compiled.append(program)
            super().__init__(program, options)

    setattr(build, "Compilation", Counted)  # in this process only
    library, steps = built(MACHINE, folder)
    results.put((library.function(machine.handler_count)(), len(compiled), steps))


def test_processes_at_once(tmp_path: Path) -> None:
    """They all get the program, only one of them compiles it, and the others see how far it is."""
    context = multiprocessing.get_context("fork")
    results = context.SimpleQueue()
    processes = [context.Process(target=build_in_process, args=(tmp_path, results)) for _ in range(3)]
    for process in processes:
        process.start()
    found = [results.get() for _ in processes]
    for process in processes:
        process.join()
    assert [count for count, _, _ in found] == [len(machine.BINARY)] * 3
    assert sorted(compiled for _, compiled, _ in found) == [0, 0, 1]
    assert all(steps == sorted(steps) for _, _, steps in found)
    assert all(steps for _, _, steps in found)


def test_the_same_in_one_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is compiled does not depend on how many processes share the work, and is in the same order."""
    for checked in (False, True):
        options = Options(Target.host(), for_this_process=True, checked=checked)
        shared = Compilation(MACHINE, options).objects(Cache(tmp_path / "shared"), None)
        with monkeypatch.context() as patch:
            patch.setattr(parallel, "processor_count", lambda: 1)
            alone = Compilation(MACHINE, options).objects(Cache(tmp_path / "alone"), None)
        assert list(shared.items()) == list(alone.items())


def test_modules(tmp_path: Path) -> None:
    """All modules that kernels are in are known afterwards, also those that only handlers need."""
    compilation = Compilation(MACHINE, Options(Target.host(), for_this_process=True))
    compilation.objects(Cache(tmp_path), None)
    assert compilation.modules == {machine.__name__}


# --- linking --------------------------------------------------------------------------------------


def objects_of(program: Program, folder: Path) -> list[bytes]:
    compilation = Compilation(program, Options(Target.host(), for_this_process=True))
    return [contents for _, contents in compilation.objects(Cache(folder), None).values()]


def test_linked_by_llvm(tmp_path: Path) -> None:
    """Where object files cannot be linked into an image, LLVM links them at each start."""
    loaded = Loaded(objects_of(MACHINE, tmp_path))
    count = ctypes.CFUNCTYPE(ctypes.c_uint8)(loaded.address("entry." + symbol_of(machine.handler_count)))
    assert count() == len(machine.BINARY)
    assert loaded.address(symbol_of(machine.stop)) != 0
    assert loaded.address("missing") == 0


# --- libraries ------------------------------------------------------------------------------------


def test_addresses(tmp_path: Path) -> None:
    form = machine.Form.ACC
    handlers: list[Code] = [instance(machine.binary, row=row, dst=form, lhs=form, rhs=form) for row in machine.ROWS]
    handlers.append(machine.stop)
    linked = link(objects_of(MACHINE, tmp_path))
    assert len({linked.symbols[symbol_of(handler)] for handler in handlers}) == len(handlers)
    library, _ = built(MACHINE, tmp_path)
    assert library.address(machine.handler_count) != 0
    with pytest.raises(KeyError, match="is not an entry of this program"):
        library.address(triangle)
    with pytest.raises(KeyError, match="is not an entry of this program"):
        library.function(triangle)


def test_errors_arrive(tmp_path: Path) -> None:
    @kernel
    def wrong(a: i32, b: u64) -> u64:
        return a + b  # type: ignore[operator, no-any-return]

    with pytest.raises(CompileError, match="do not mix"):
        built(Program("wrong", [wrong]), tmp_path)


# --- object files ---------------------------------------------------------------------------------

FORMATS = {
    "arm64_32-apple-watchos9.0": b"\xce\xfa\xed\xfe",
    "arm64-apple-ios15.0": b"\xcf\xfa\xed\xfe",
    "aarch64-unknown-linux-gnu": b"\x7fELF\x02",
    "x86_64-unknown-linux-gnu": b"\x7fELF\x02",
    "armv7-unknown-linux-gnueabihf": b"\x7fELF\x01",
    "riscv32-unknown-elf": b"\x7fELF\x01",
    "i686-unknown-linux-gnu": b"\x7fELF\x01",
}


@pytest.mark.parametrize("triple", FORMATS)
@pytest.mark.parametrize("checked", [False, True])
def test_objects_for_other_machines(tmp_path: Path, triple: str, checked: bool) -> None:
    objects = emit_objects(SMALL, Target.parse(triple), checked, cache=Cache(tmp_path))
    assert all(contents.startswith(FORMATS[triple]) for contents in objects.values())
    assert any(b"triangle_of_squares" in contents for contents in objects.values())


def test_line_tables(tmp_path: Path) -> None:
    """Debug information names the Python source, and nothing of the building machine."""
    target = Target.parse("x86_64-unknown-linux-gnu")
    contents = b"".join(emit_objects(SMALL, target, cache=Cache(tmp_path)).values())
    assert b"test_build.py" in contents
    assert b".debug_line" in contents
    assert str(Path(__file__).parent).encode() not in contents
    plain = b"".join(emit_objects(SMALL, target, debug=False, cache=Cache(tmp_path)).values())
    assert b".debug_line" not in plain


def assembly_of(code: Code, triple: str) -> list[str]:
    """The instructions of one function of the machine."""
    compilation = Compilation(MACHINE, Options(Target.parse(triple), for_this_process=False))
    symbol = symbol_of(code)
    part = next(name for name, functions in compilation.parts.items() if symbol in {f.symbol for f in functions})
    lines = compilation.machine.assembly(compilation.text(part), is_quick=True).splitlines()
    start = next(
        number for number, line in enumerate(lines) if line.lstrip('_"').startswith((symbol + ":", symbol + '"'))
    )
    found: list[str] = []
    for line in lines[start + 1 :]:
        if line.startswith("\t") and not line.startswith("\t."):
            found.append(line.split(";")[0].split("#")[0].strip())
        elif found:
            break
    return found


TRIPLES = ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu", "arm64_32-apple-watchos9.0"]


@pytest.mark.parametrize("triple", TRIPLES)
def test_handlers_are_tight(triple: str) -> None:
    """No prologue, no spill: what `stop` stores, and the return."""
    code = assembly_of(machine.stop, triple)
    assert len(code) <= 4, code
    assert code[-1].startswith("ret")


@pytest.mark.parametrize(
    ("triple", "record"), [("riscv32imac-unknown-none-elf", "(a0)"), ("thumbv7em-none-eabi", "[r0")]
)
def test_machines_with_few_registers(triple: str, record: str) -> None:
    """Some of the registers are in memory, and nothing is called or passed on the stack for that."""
    form = machine.Form.ACC
    code = assembly_of(instance(machine.binary, row=machine.ROWS[0], dst=form, lhs=form, rhs=form), triple)
    assert any(record in line for line in code), code
    assert not {"call", "jal", "jalr", "bl", "blx"} & {line.split()[0] for line in code}, code
