"""Rebuilds the workloads' modules from their sources: `python -m fusee.bench.workloads.build [NAME…]`.

The same sources and compilers give the same bytes. Each module ends with a custom section that names both, so
that a source changed without its module is found without a compiler.
"""

import hashlib
import importlib
import importlib.metadata
import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from fusee.bench.process import python_module
from fusee.bench.workloads import EVERY_WORKLOAD, FOLDER, Language, Proposal, Workload
from fusee.bench.workloads.toolchains import (
    MOONBIT,
    MissingCompiler,
    compile_java,
    compile_kotlin,
    compile_moonbit,
    exception_library,
    kotlin_version,
    npm_version,
    teavm_version,
)

# Nothing newer than what every peer implements, and SIMD only where a workload says so.
FEATURES = "mvp+bulk_memory+mutable_globals+nontrapping_fptoint+sign_ext"

# Of exceptions, which `setjmp` is made of, too, there are two forms: WebAssembly 3.0's, with exnref, and the older one.
EXCEPTION_FEATURES = "exception_handling+reference_types+multivalue"
EXCEPTION_FORMS = {Proposal.EXCEPTIONS: "false", Proposal.LEGACY_EXCEPTIONS: "true"}
SETJMP_FLAGS = ("-mllvm", "-wasm-enable-sjlj")

VECTOR_FEATURES = {Proposal.SIMD: "simd128", Proposal.RELAXED_SIMD: "relaxed_simd"}

# How hard a language's compiler tries, unless a workload says something else.
OPTIMIZATIONS = {
    Language.C: "2",
    Language.CPP: "2",
    Language.RUST: "3",
    Language.ZIG: "ReleaseSafe",
    Language.ASSEMBLYSCRIPT: "3",
}

ZIG_FLAGS = (
    "-Wall",
    "-Wextra",
    "-nostdlib",
    "-Wl,--no-entry",
    "-Wl,--strip-all",
)
CPP_FLAGS = ("-std=c++20", "-fno-exceptions", "-fno-rtti")
THROWING_CPP_FLAGS = ("-Wno-c23-extensions",)
RUST_TARGET = "wasm32-unknown-unknown"
RUST_FLAGS = (
    *("--target", RUST_TARGET),
    *("--edition", "2021"),
    *("--crate-type", "cdylib"),
    *("-C", "panic=abort"),
    *("-C", "lto=fat"),
    *("-C", "strip=symbols"),
)
# A runtime with a garbage collector, and `abort` as a trap instead of an import.
ASSEMBLYSCRIPT_FLAGS = ("--runtime", "incremental", "--use", "abort=")

PROVENANCE_SECTION = b"source"


@dataclass(frozen=True)
class Compiler:
    """What makes modules of one language: the version that goes into them, and the compilation itself."""

    version: Callable[[], str]
    compile: Callable[[Workload, Path], None]


def _run(*command: str) -> str:
    """Run a compiler where the sources are, so that no path of this machine gets into a module."""
    return subprocess.run(command, check=True, cwd=FOLDER, stdout=subprocess.PIPE, text=True).stdout


def _optimization(workload: Workload) -> str:
    return workload.optimization or OPTIMIZATIONS[workload.language]


def zig_version() -> str:
    """The version of the `ziglang` package, which brings clang."""
    if importlib.util.find_spec("ziglang") is None:
        raise MissingCompiler("C, C++ and Zig need zig: pip install 'fusee[bench]'")
    return f"ziglang {importlib.metadata.version('ziglang')}"


def _exception_flags(workload: Workload, form: str) -> tuple[str, ...]:
    """For C what makes exceptions of `setjmp`; for C++ LLVM's library of them, to be compiled with the workload."""
    choice = ("-mllvm", f"-wasm-use-legacy-eh={form}")
    if workload.language is Language.C:
        return (*SETJMP_FLAGS, *choice)
    spec = importlib.util.find_spec("ziglang")
    assert spec is not None and spec.origin is not None
    return (*choice, *THROWING_CPP_FLAGS, *exception_library(Path(spec.origin).parent / "lib"))


def compile_with_zig(workload: Workload, output: Path) -> None:
    """C or C++, freestanding; C++ that throws finds WASI's headers, but no library of C."""
    bits = 64 if Proposal.MEMORY64 in workload.proposals else 32
    form = next((EXCEPTION_FORMS[proposal] for proposal in workload.proposals & EXCEPTION_FORMS.keys()), None)
    throws_cpp = form is not None and workload.language is Language.CPP
    driver = ("c++", *(() if throws_cpp else CPP_FLAGS)) if workload.language is Language.CPP else ("cc",)
    vectors = [VECTOR_FEATURES[proposal] for proposal in sorted(workload.proposals & VECTOR_FEATURES.keys())]
    features = "+".join([FEATURES, *vectors, *([] if form is None else [EXCEPTION_FEATURES])])
    system = "wasi" if throws_cpp else "freestanding"
    exceptions = () if form is None else _exception_flags(workload, form)
    target = ("-target", f"wasm{bits}-{system}", f"-mcpu={features}", *exceptions)
    sources = [file.name for file in source_files(workload.source) if file.suffix != ".h" and file.suffix != ".hpp"]
    flags = (*target, f"-O{_optimization(workload)}", *ZIG_FLAGS)
    _run(*python_module("ziglang", *driver, *flags, "-o", str(output), *sources))


def compile_zig(workload: Workload, output: Path) -> None:
    """One file of Zig, with what it needs of the standard library."""
    target = ("-target", "wasm32-freestanding", f"-mcpu={FEATURES}", "-O", _optimization(workload))
    flags = (*target, "-fno-entry", "-rdynamic", "-fstrip", f"-femit-bin={output}")
    _run(*python_module("ziglang", "build-exe", *flags, workload.source.name))


def find_rustc() -> str:
    """A Rust compiler that has the standard library for WebAssembly: the first one of the PATH may not."""
    for program in (shutil.which("rustc"), "/usr/bin/rustc"):
        if program is None or not Path(program).exists():
            continue
        command = [program, "--print", "target-libdir", "--target", RUST_TARGET]
        library = subprocess.run(command, capture_output=True, text=True)
        if library.returncode == 0 and Path(library.stdout.strip()).exists():
            return program
    remedy = f"rustup target add {RUST_TARGET}, or apt install rustc libstd-rust-dev-wasm32 lld"
    raise MissingCompiler(f"Rust needs its library for WebAssembly: {remedy}")


def rustc_version() -> str:
    """As in `rustc 1.63.0`."""
    return " ".join(_run(find_rustc(), "--version").split()[:2])


def compile_rust(workload: Workload, output: Path) -> None:
    """One crate of one file, with the standard library."""
    level = ("-C", f"opt-level={_optimization(workload)}")
    _run(find_rustc(), *RUST_FLAGS, *level, "-o", str(output), workload.source.name)


def find_asc() -> str:
    """The AssemblyScript compiler, installed globally or where this is run."""
    program = shutil.which("asc") or shutil.which("asc", path=str(Path("node_modules/.bin").absolute()))
    if program is None:
        raise MissingCompiler("AssemblyScript needs Node.js (apt install nodejs npm) and npm install assemblyscript")
    return program


def asc_version() -> str:
    """As in `assemblyscript 0.28.20`."""
    return f"assemblyscript {_run(find_asc(), '--version').split()[-1]}"


def compile_assemblyscript(workload: Workload, output: Path) -> None:
    """TypeScript's syntax, with classes and garbage."""
    level = f"-O{_optimization(workload)}"
    _run(find_asc(), workload.source.name, level, *ASSEMBLYSCRIPT_FLAGS, "-o", str(output))


def find_assembler() -> str:
    """The `wasm-tools` program, which Fusee itself uses for the text format."""
    from fusee.api.errors import FuseeError
    from fusee.api.text import find_wasm_tools

    try:
        return find_wasm_tools()
    except FuseeError as error:
        raise MissingCompiler(str(error)) from error


def assembler_version() -> str:
    """As in `wasm-tools 1.262.0`."""
    return " ".join(_run(find_assembler(), "--version").split()[:2])


def assemble(workload: Workload, output: Path) -> None:
    """The text format, without the names in it."""
    _run(find_assembler(), "parse", workload.source.name, "-o", str(output))
    _run(find_assembler(), "strip", "--all", str(output), "-o", str(output))


def assemble_generated(workload: Workload, output: Path) -> None:
    """What the generator writes in the text format, given what follows its own name in the workload's."""
    text = output.with_suffix(".wat")
    generator = importlib.import_module(f"fusee.bench.workloads.{workload.source.stem}")
    text.write_text(generator.generate(*workload.name.removeprefix(workload.source.stem).split("_")[1:]))
    _run(find_assembler(), "parse", str(text), "-o", str(output))
    _run(find_assembler(), "strip", "--all", str(output), "-o", str(output))
    text.unlink()


def compile_java_workload(workload: Workload, output: Path) -> None:
    """Classes with their library, and nothing of JavaScript's."""
    compile_java(workload.source, output, find_assembler())


def compile_kotlin_workload(workload: Workload, output: Path) -> None:
    """A program with its library, and nothing of JavaScript's."""
    compile_kotlin(workload.source, output, find_assembler())


def compile_moonbit_workload(workload: Workload, output: Path) -> None:
    """As its compiler makes it."""
    compile_moonbit(workload.source, output)


ZIG = Compiler(zig_version, compile_with_zig)
COMPILERS = {
    Language.C: ZIG,
    Language.CPP: ZIG,
    Language.RUST: Compiler(rustc_version, compile_rust),
    Language.ZIG: Compiler(zig_version, compile_zig),
    Language.ASSEMBLYSCRIPT: Compiler(asc_version, compile_assemblyscript),
    Language.JAVA: Compiler(teavm_version, compile_java_workload),
    Language.KOTLIN: Compiler(kotlin_version, compile_kotlin_workload),
    Language.MOONBIT: Compiler(lambda: npm_version(MOONBIT), compile_moonbit_workload),
    Language.WAT: Compiler(assembler_version, assemble),
    Language.PYTHON: Compiler(assembler_version, assemble_generated),
}


def source_files(source: Path) -> Iterator[Path]:
    """The file, what it is linked with, and the headers beside it that it includes, and those that they include."""
    yield source
    runtime = source.with_name(f"{source.stem}_runtime{source.suffix}")
    if runtime.exists():
        yield runtime
    for name in re.findall(r'^#include "(.+)"', source.read_text(), re.MULTILINE):
        yield from source_files(source.with_name(name))


def source_hash(workload: Workload) -> str:
    """What a workload's module was built from, if its provenance has the same."""
    content = b"".join(file.read_bytes() for file in source_files(workload.source))
    return hashlib.sha256(content).hexdigest()


def provenance(module: bytes) -> tuple[str, str]:
    """The hash of the source that a module was built from, and the compiler and its version."""
    content = module[module.rindex(PROVENANCE_SECTION) + len(PROVENANCE_SECTION) :]
    source, _, compiler = content.decode().partition(" ")
    return source, compiler


def provenance_section(workload: Workload) -> bytes:
    """A custom section (https://webassembly.github.io/spec/core/binary/modules.html#custom-section) at the end."""
    content = f"{source_hash(workload)} {COMPILERS[workload.language].version()}".encode()
    body = bytes([len(PROVENANCE_SECTION)]) + PROVENANCE_SECTION + content
    assert len(body) < 0x80, "the length is one byte of LEB128"
    return bytes([0, len(body)]) + body


def build(workload: Workload, module: Path) -> None:
    """Compile one workload to a module.

    Raises:
        MissingCompiler: there is no compiler for its language.
        subprocess.CalledProcessError: the compiler, which has said why, failed.
    """
    section = provenance_section(workload)
    COMPILERS[workload.language].compile(workload, module)
    module.write_bytes(module.read_bytes() + section)
    module.chmod(0o644)


def main() -> None:
    """Build the named workloads, or all of them."""
    missing = set()
    for workload in EVERY_WORKLOAD:
        if len(sys.argv) == 1 or workload.name in sys.argv[1:]:
            try:
                build(workload, workload.path)
            except MissingCompiler as error:
                missing.add(str(error))
                continue
            print(f"{workload.path.name}: {workload.path.stat().st_size} bytes")
    if missing:
        sys.exit("\n".join(sorted(missing)))


if __name__ == "__main__":
    main()
