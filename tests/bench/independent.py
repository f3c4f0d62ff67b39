"""Workloads by others than Fusee: native code, wasmtime, and the compilers that made the modules."""

import ctypes
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from fusee.bench.process import python_module
from fusee.bench.workloads import Language, Proposal, Workload
from fusee.bench.workloads.build import COMPILERS, CPP_FLAGS, provenance
from fusee.bench.workloads.toolchains import MissingCompiler

THROWING = {Proposal.EXCEPTIONS, Proposal.LEGACY_EXCEPTIONS}
_SHARED = ("-O1", "-shared", "-fPIC", "-ffp-contract=off", "-Wno-attributes")
FUEL = 2**62


def why_not_rebuilt(workload: Workload) -> str:
    """Why this machine's compilers cannot make the same bytes: empty if they should."""
    _, built_by = provenance(workload.path.read_bytes())
    try:
        version = COMPILERS[workload.language].version()
    except MissingCompiler as missing:
        return str(missing)
    return "" if version == built_by else f"the module was built by {built_by}, here is {version}"


def _native_command(workload: Workload, library: Path) -> list[str]:
    source = str(workload.source)
    match workload.language:
        case Language.C:
            return python_module("ziglang", "cc", *_SHARED, "-nostdlib", "-o", str(library), source)
        case Language.CPP:
            zig = python_module("ziglang", "c++")
            if not workload.proposals & THROWING:
                return [*zig, *CPP_FLAGS, "-nostdlib", *_SHARED, "-o", str(library), source]
            system = shutil.which("c++")  # Zig compiles LLVM's library first, for minutes
            return [*([system] if system else zig), "-std=c++20", *_SHARED, "-o", str(library), source]
        case Language.ZIG:
            return python_module("ziglang", "build-lib", "-dynamic", f"-femit-bin={library}", source)
        case Language.RUST:
            rustc = shutil.which("rustc")
            if rustc is not None:
                return [rustc, "--edition", "2021", "--crate-type", "cdylib", "-o", str(library), source]
    raise MissingCompiler(f"no native compiler for {workload.language}")


def compile_natively(workload: Workload, folder: Path) -> Callable[[int], int]:
    """The workload's `run` on this machine itself, built in a folder. Raises MissingCompiler."""
    library = folder / f"{workload.name}.so"
    subprocess.run(_native_command(workload, library), check=True)
    run = ctypes.CDLL(str(library)).run
    run.argtypes, run.restype = [ctypes.c_uint32], ctypes.c_uint32
    return lambda argument: int(run(argument))


def run_with_wasmtime(workload: Workload) -> Callable[[int], tuple[int, int]]:
    """The workload's `run` under wasmtime: the answer, and how many instructions it took."""
    import wasmtime

    config = wasmtime.Config()
    config.consume_fuel = True
    config.wasm_relaxed_simd_deterministic = True
    for proposal in ("gc", "function_references", "exceptions"):
        setattr(config, f"wasm_{proposal}", True)
    engine = wasmtime.Engine(config)
    module = wasmtime.Module.from_file(engine, str(workload.path))

    def run(argument: int) -> tuple[int, int]:
        store = wasmtime.Store(engine)
        store.set_fuel(FUEL)
        function = wasmtime.Instance(store, module, []).exports(store)["run"]
        assert isinstance(function, wasmtime.Func)
        answer = function(store, argument)
        return answer % 2**32, FUEL - store.get_fuel()

    return run


def check_with_wasmtime(workload: Workload) -> int:
    """Both answers, and the number of instructions of the small one, which is returned. Raises AssertionError."""
    run = run_with_wasmtime(workload)
    assert run(workload.argument)[0] == workload.answer
    answer, instructions = run(workload.small_argument)
    assert answer == workload.small_answer
    assert 1_000_000 <= instructions <= 12_000_000, "small enough for an emulator, and not nothing"
    return instructions
