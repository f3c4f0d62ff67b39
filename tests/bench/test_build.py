"""Sources and modules are in step: by the hash in the module, by building again, and by other compilers."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from fusee.bench.workloads import EVERY_WORKLOAD, FOLDER, SUFFIXES, UNSEEN_WORKLOADS, Language, Workload
from fusee.bench.workloads.build import COMPILERS, build, provenance, source_files, source_hash
from fusee.bench.workloads.toolchains import MissingCompiler, kotlin_library
from tests.bench.independent import compile_natively, why_not_rebuilt

ALL = EVERY_WORKLOAD
# What is compiled in every run of the tests: `python -m tests.bench.unseen` does the same for the others.
COMPILED = [workload for workload in ALL if workload not in UNSEEN_WORKLOADS]


def named(workload: Workload) -> str:
    return workload.name


def find(name: str) -> Workload:
    return next(workload for workload in ALL if workload.name == name)


@pytest.mark.parametrize("workload", ALL, ids=named)
def test_the_module_was_built_from_the_source(workload: Workload) -> None:
    assert provenance(workload.path.read_bytes())[0] == source_hash(workload)


def test_headers_count_as_source() -> None:
    names = [file.name for file in source_files(find("vtable_bi").source)]
    assert names == ["vtable_bi.cpp", "shapes.hpp", "workload.h"]


def test_what_a_workload_is_linked_with_counts_as_source() -> None:
    names = [file.name for file in source_files(find("longjmp").source)]
    assert names == ["longjmp.c", "longjmp_runtime.c", "workload.h"]


def test_no_file_is_without_its_workload() -> None:
    extra = {"__init__", "build", "standalone", "toolchains", "workload", "shapes", "throw"}
    extra |= {"stand_ins", "longjmp_runtime", "unwind_runtime"}
    found = {path.stem for path in FOLDER.iterdir() if path.is_file()}
    assert found - extra == {workload.name for workload in ALL}


@pytest.mark.slow
@pytest.mark.parametrize("workload", COMPILED, ids=named)
def test_building_again_gives_the_same_bytes(workload: Workload, tmp_path: Path) -> None:
    if reason := why_not_rebuilt(workload):
        pytest.skip(reason)
    build(workload, tmp_path / workload.path.name)
    assert (tmp_path / workload.path.name).read_bytes() == workload.path.read_bytes()


COMPILED_NATIVELY = [workload for workload in COMPILED if workload.language in (Language.C, Language.CPP)]


@pytest.mark.slow
@pytest.mark.parametrize("workload", COMPILED_NATIVELY, ids=named)
def test_natively_compiled_it_gives_the_same_answer(workload: Workload, tmp_path: Path) -> None:
    pytest.importorskip("ziglang", reason="the compiler: pip install ziglang")
    run = compile_natively(workload, tmp_path)
    assert run(workload.small_argument) == workload.small_answer


@pytest.mark.slow
@pytest.mark.parametrize("workload", [workload for workload in ALL if workload.language is Language.JAVA], ids=named)
def test_a_java_virtual_machine_gives_the_same_answer(workload: Workload, tmp_path: Path) -> None:
    if shutil.which("java") is None:
        pytest.skip("apt install default-jdk-headless")
    source = re.sub(r"(?m)^import org.teavm.*$|@Export.*$", "", workload.source.read_text())
    printing = f"{{ System.out.println(run({workload.small_argument})); }}"
    source = source.replace("main(String[] arguments) {}", f"main(String[] arguments) {printing}")
    (tmp_path / "Main.java").write_text(source)
    done = subprocess.run(["java", "Main.java"], check=True, cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    assert int(done.stdout) % 2**32 == workload.small_answer


@pytest.mark.slow
@pytest.mark.parametrize("workload", [workload for workload in ALL if workload.language is Language.KOTLIN], ids=named)
def test_kotlin_on_a_java_virtual_machine_gives_the_same_answer(workload: Workload, tmp_path: Path) -> None:
    try:
        COMPILERS[workload.language].version()
    except MissingCompiler as missing:
        pytest.skip(str(missing))
    source = re.sub(r"(?m)^import kotlin.wasm.*$|^@file:OptIn.*$|@WasmExport", "", workload.source.read_text())
    (tmp_path / "Main.kt").write_text(f"{source}\nfun main() = println(run({workload.small_argument}))\n")
    library = kotlin_library(tmp_path)
    compiler = [
        "java",
        "-cp",
        f"{library}/*",
        "org.jetbrains.kotlin.cli.jvm.K2JVMCompiler",
        "-no-reflect",
        "-no-stdlib",
    ]
    subprocess.run(
        [*compiler, "-cp", f"{next(library.glob('kotlin-stdlib-2*.jar'))}", "-d", ".", "Main.kt"],
        check=True,
        cwd=tmp_path,
    )
    command = ["java", "-cp", f".:{library}/*", "MainKt"]
    done = subprocess.run(command, check=True, cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    assert int(done.stdout) % 2**32 == workload.small_answer


def test_every_language_has_a_compiler_and_a_suffix() -> None:
    assert set(COMPILERS) == set(SUFFIXES) == set(Language)


def test_a_missing_compiler_is_named_with_the_way_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MissingCompiler, match="npm install assemblyscript"):
        build(find("queens"), tmp_path / "queens.wasm")
