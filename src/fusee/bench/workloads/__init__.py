"""The programs that are timed. Each exports `run(n: i32) -> i32`, imports nothing, and its answer is known.

The source lies beside each `.wasm`; `python -m fusee.bench.workloads.build` rebuilds them. The arguments
are chosen so that a fast interpreter needs somewhat under a second (of twins, the one with vectors at least a fifth of
one), the small ones so that a call executes some million WebAssembly instructions: for tests, and for devices in an
emulator.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

FOLDER = Path(__file__).parent


class Language(StrEnum):
    """What a workload is written in."""

    C = "C"
    CPP = "C++"
    RUST = "Rust"
    ZIG = "Zig"
    ASSEMBLYSCRIPT = "AssemblyScript"
    JAVA = "Java"
    KOTLIN = "Kotlin"
    MOONBIT = "MoonBit"
    WAT = "WebAssembly text"
    PYTHON = "a Python generator of modules"


SUFFIXES = {
    Language.C: ".c",
    Language.CPP: ".cpp",
    Language.RUST: ".rs",
    Language.ZIG: ".zig",
    Language.ASSEMBLYSCRIPT: ".ts",
    Language.JAVA: ".java",
    Language.KOTLIN: ".kt",
    Language.MOONBIT: ".mbt",
    Language.WAT: ".wat",
    Language.PYTHON: ".py",
}


class Proposal(StrEnum):
    """A part of WebAssembly 3.0 that not every engine has, by the name of its proposal's repository."""

    TAIL_CALL = "tail-call"
    FUNCTION_REFERENCES = "function-references"
    MEMORY64 = "memory64"
    MULTI_MEMORY = "multi-memory"
    SIMD = "simd"
    RELAXED_SIMD = "relaxed-simd"
    EXCEPTIONS = "exception-handling"
    LEGACY_EXCEPTIONS = "legacy-exceptions"  # the same proposal before it had references; not part of 3.0
    GC = "gc"


WITH_VECTORS = "_simd"
"""How the names of modules end that are built for vectors; without that they are their scalar twins'."""


@dataclass(frozen=True)
class Workload:
    """One program, the amounts of work asked of it and the answers that must come back, unsigned."""

    name: str
    measures: str
    argument: int
    answer: int
    small_argument: int
    small_answer: int
    language: Language = Language.C
    # What an engine must have beside WebAssembly 2.0 without SIMD, or else it is left out.
    proposals: frozenset[Proposal] = frozenset()
    # Kept out of the corpus that handlers are selected by: what the selection is worth shows on these.
    hold_out: bool = False
    # The file that it is built from, if that is no other of the same name.
    source_name: str = ""
    # How hard the compiler tries, in its own words, if not as for others of the language.
    optimization: str = ""
    # What counts is not the call but what comes before it: loading and instantiation.
    measures_loading: bool = False

    @property
    def path(self) -> Path:
        """The module to run."""
        return FOLDER / f"{self.name}.wasm"

    @property
    def idle_path(self) -> Path:
        """The module whose idle call is taken off the time: its own, or one that takes next to no loading."""
        return FOLDER / "fib.wasm" if self.measures_loading else self.path

    @property
    def source(self) -> Path:
        """What the module is built from: of the two builds with vectors and without, the same."""
        name = self.source_name or self.name.removesuffix(WITH_VECTORS)
        return (FOLDER / name).with_suffix(SUFFIXES[self.language])


_SIMD = frozenset({Proposal.SIMD})
_RELAXED = frozenset({Proposal.SIMD, Proposal.RELAXED_SIMD})
_TAIL_CALL = frozenset({Proposal.TAIL_CALL})
_REFERENCES = frozenset({Proposal.FUNCTION_REFERENCES})
_MEMORY64 = frozenset({Proposal.MEMORY64})
_MULTI_MEMORY = frozenset({Proposal.MULTI_MEMORY})

# Natively compiled C gives the same answers, and so does wasmtime.
WORKLOADS = (
    Workload("fib", "calls", 36, 14930352, 23, 28657),
    Workload("sieve", "byte loads and stores", 500, 1409043412, 1, 6542),
    Workload("crc32", "a chain of dependent table look-ups", 1200, 652907296, 3, 2222152639),
    Workload("mandelbrot", "f64 arithmetic in a tight loop", 1300, 1335114772, 60, 2784501097),
    Workload("nbody", "f64 arithmetic on memory", 500000, 336061575, 2000, 2971458918),
    Workload("sha256", "i32 logic and rotations", 1800, 283957802, 5, 1904402514),
    Workload("call_indirect", "calls through a table", 20000000, 2175963179, 100000, 3890784618),
    Workload("matmul", "f64 matrix product", 200, 3272471147, 1, 4161789918),
    Workload("words", "string hashing and a hash map", 450, 83092038, 2, 1791052998),
    Workload("qsort", "recursion and an indirect comparison", 50, 3358796540, 1, 1460369409),
    Workload("json", "a parser: switches on bytes", 2000, 2396845056, 10, 3659027072),
    Workload("convolution", "f32 sums over a picture", 400, 334941724, 2, 252602516, hold_out=True),
    Workload("audio_dsp", "f32 filters and a Fourier transform", 6000, 3085989265, 10, 1475327174),
    Workload("bulk_memory", "memory.fill and memory.copy of many sizes", 60000, 3503136948, 60, 1515837969),
    Workload("tracker", "resampling in fixed point, effects", 2500, 1877717703, 12, 1175838921, hold_out=True),
    Workload("validator", "a lexer, a parser, symbol tables", 5000, 3758181968, 15, 3741402422, hold_out=True),
    Workload("lz", "compression: bytes, hash chains", 150, 1113071335, 1, 4061257286, hold_out=True),
    Workload("forth", "an interpreter's loop: br_table", 450, 621672864, 2, 495008),
    Workload("vtable_mono", "virtual calls, 1 target", 45000, 3108781928, 250, 1096315310, Language.CPP),
    Workload("vtable_bi", "virtual calls, 2 targets", 35000, 1415847618, 250, 4218472924, Language.CPP, hold_out=True),
    Workload("vtable_poly4", "virtual calls, 4 targets", 30000, 599374609, 250, 3110077611, Language.CPP),
    Workload("vtable_poly6", "virtual calls, 6 targets", 30000, 2696778114, 250, 3569595235, Language.CPP),
    Workload("raytracer", "f64 vectors and branches", 300, 3496405158, 1, 3206148515, Language.CPP, hold_out=True),
    Workload("wordcount", "standard maps and formatting", 220, 1423872248, 1, 1509496754, Language.RUST),
    Workload("life", "iterators and checked indices", 600, 169039996, 3, 1563505201, Language.RUST),
    Workload("regex", "trees, vectors and enums", 400, 3021444096, 1, 3361309868, Language.RUST, hold_out=True),
    Workload("queens", "backtracking over objects, strings", 90, 1396144384, 1, 768906344, Language.ASSEMBLYSCRIPT),
    Workload("particles", "objects, collected", 500, 3531148157, 15, 2179080577, Language.ASSEMBLYSCRIPT),
    Workload("fib_tail", "tail calls to itself", 700000, 1118574510, 5000, 463068672, Language.WAT, _TAIL_CALL),
    Workload("state_machine", "tail calls through a table", 900, 2479416704, 6, 3548678208, Language.WAT, _TAIL_CALL),
    Workload("call_ref", "calls of references", 6000000, 2837289849, 50000, 1288844784, Language.WAT, _REFERENCES),
    Workload("multi_memory", "three memories", 1600, 2959739728, 4, 1596871176, Language.WAT, _MULTI_MEMORY),
    Workload("pointer_chase64", "64-bit memory", 4000, 1918848661, 8, 2204893607, Language.C, _MEMORY64),
    Workload("instantiation", "segments", 1, 1338711952, 1, 1338711952, Language.PYTHON, measures_loading=True),
)


def _twins(*workloads: Workload) -> tuple[Workload, ...]:
    """Each with what it becomes if the compiler may use vectors; answers and arguments are the same."""
    return tuple(
        twin
        for workload in workloads
        for twin in (
            replace(workload, proposals=frozenset()),
            replace(workload, name=workload.name + WITH_VECTORS, proposals=workload.proposals),
        )
    )


VECTOR_WORKLOADS = _twins(
    Workload("product", "f32 matrix product", 1200, 574983473, 2, 3620353732, proposals=_SIMD),
    Workload("fourier", "Fourier transforms in f32", 31500, 501484400, 28, 2357351452, proposals=_SIMD),
    Workload("blend", "pictures of bytes laid over one another", 17500, 1997038067, 4, 3085413165, proposals=_SIMD),
    Workload("lanes_hash", "a hash in four accumulators", 80000, 3873375650, 42, 2314083007, proposals=_SIMD),
    Workload("base64", "encoding: shuffles and look-ups", 21000, 1337081293, 40, 3193683628, proposals=_SIMD),
    Workload("dot", "a neural network in bytes, relaxed", 20000, 514323443, 4, 1022738591, proposals=_RELAXED),
    Workload("loops", "two dozen loops over small arrays", 9000, 1682254615, 10, 1271283335, proposals=_SIMD),
    Workload("mixer", "16-bit sound, saturating", 22000, 2866426684, 12, 406849076, proposals=_SIMD, hold_out=True),
    Workload("search", "string search candidates", 40000, 3920740939, 38, 2907497543, proposals=_SIMD, hold_out=True),
    Workload("adler", "a checksum of bytes", 30000, 1535811384, 25, 2577488108, proposals=_SIMD, hold_out=True),
    Workload("utf8", "validation, mostly of ASCII", 9000, 859719844, 40, 62455698, proposals=_SIMD, hold_out=True),
)
"""Programs that vectors are made for, each as a scalar build and as one with vectors. Not in the table of `fusee bench`
unless they are named, or all of them by `simd`."""


_EXCEPTIONS = frozenset({Proposal.EXCEPTIONS})
_LEGACY = frozenset({Proposal.LEGACY_EXCEPTIONS})
_GC = frozenset({Proposal.GC, Proposal.FUNCTION_REFERENCES})
_GC_THROWING = _GC | _EXCEPTIONS


def _throwing(calls: str, argument: int, answer: int, small_argument: int, small_answer: int) -> Workload:
    """An exception thrown so many calls under its handler."""
    name, measures = f"throw_{calls}", f"throws {calls.replace('_', ' ')} calls under the handler"
    work = (argument, answer, small_argument, small_answer)
    return Workload(name, measures, *work, Language.PYTHON, _EXCEPTIONS, source_name="throw")


def _both_forms(workload: Workload) -> tuple[Workload, ...]:
    """With exceptions in the form of WebAssembly 3.0 and in the older one, which many compilers still make."""
    legacy = f"{workload.name}_legacy"
    return (
        replace(workload, proposals=_EXCEPTIONS),
        replace(workload, name=legacy, source_name=workload.name, proposals=_LEGACY),
    )


MANAGED_WORKLOADS = (
    Workload("gc_trees", "binary trees", 140, 3698847743, 4, 2587758591, Language.WAT, _GC),
    Workload("gc_lists", "lists mapped, sorted, reversed", 990, 1455699170, 12, 2596463120, Language.WAT, _GC),
    Workload("gc_maps", "a treap, a hash map", 210, 148404509, 3, 3831077366, Language.WAT, _GC, hold_out=True),
    Workload("gc_fields", "virtual methods, fields, casts", 130000, 3268015261, 902, 451380780, Language.WAT, _GC),
    Workload("gc_lambda", "lambda terms, by pattern matching", 3800, 3386971667, 55, 1520843817, Language.MOONBIT, _GC),
    Workload("gc_collections", "maps, lists, lambdas", 130, 3923506904, 2, 2360702032, Language.JAVA, _GC_THROWING),
    Workload("gc_json", "a parser that throws", 2000, 369620321, 33, 2567857034, Language.JAVA, _GC_THROWING),
    Workload("gc_text", "strings", 520, 1567353939, 7, 2355458547, Language.JAVA, _GC_THROWING, hold_out=True),
    Workload("gc_tracer", "a ray tracer", 650, 3560443981, 8, 1935986937, Language.JAVA, _GC_THROWING, hold_out=True),
    Workload("gc_routes", "shortest ways", 60, 3111402420, 2, 875271441, Language.KOTLIN, _GC_THROWING),
    Workload("gc_query", "a validator", 600, 2204926481, 20, 4197379857, Language.KOTLIN, _GC_THROWING, hold_out=True),
    *_both_forms(Workload("unwind", "errors past objects", 4000, 2993832303, 100, 672709707, Language.CPP)),
    *_both_forms(Workload("longjmp", "evaluation", 39000, 313686161, 383, 553350822, hold_out=True)),
    _throwing("0", 5600000, 2782414464, 156250, 3887165715),
    _throwing("1", 2700000, 2694350480, 96154, 40482419),
    _throwing("10", 1500000, 1865690704, 23364, 513183582),
    _throwing("100", 220000, 3579179600, 2726, 3733453037),
    _throwing("100_other", 75000, 1625147780, 6024, 1354850364),
)
"""Programs with objects of WebAssembly's own heap, and such as throw exceptions. Not in the table of `fusee bench`
unless they are named, or all of them by `gc`."""


def _held_out(*workloads: Workload) -> tuple[Workload, ...]:
    """Kept out of every choice, whatever the choice is made for."""
    return tuple(replace(workload, hold_out=True) for workload in workloads)


UNSEEN_WORKLOADS = _held_out(
    Workload("aes", "bytes through a table, xtime", 1000, 2205741146, 8, 3429983694),
    Workload("spectral", "f64 division", 2200, 1063062408, 12, 365508516, optimization="3"),
    Workload("huffman", "a heap, bits", 350, 1380272730, 3, 1418381486, optimization="s"),
    Workload("stack_machine", "an interpreter's switch", 170, 4264729992, 2, 1864794739),
    Workload("modpow", "products of 64 bits, carries", 320, 3245439558, 2, 3878962528, optimization="s"),
    Workload("reversi", "boards in 64 bits, recursion", 750, 3761183199, 6, 620340204, Language.CPP),
    Workload("stemmer", "endings of words", 160, 3120394346, 2, 1372939562, Language.CPP, optimization="z"),
    Workload("trie", "allocated nodes", 100, 871558793, 2, 2349625830, Language.RUST),
    Workload("astar", "a heap, a map", 160, 860244172, 2, 96721, Language.RUST, optimization="s"),
    Workload("distance", "tables, unoptimized", 75, 3721466851, 2, 1950715652, Language.RUST, optimization="0"),
    Workload("markdown", "strings are built", 650, 4004830502, 8, 3089443139, Language.RUST, optimization="2"),
    Workload("dancing", "linked objects", 270, 368539508, 2, 841409547, Language.ASSEMBLYSCRIPT),
    Workload("kmeans", "f32 and bytes", 140, 3605419898, 3, 1514545184, Language.ASSEMBLYSCRIPT, optimization="s"),
    Workload("range_coder", "bits, checked arithmetic", 330, 3067957645, 3, 1988180491, Language.ZIG),
)
"""Programs as people compile them, by several compilers and as differently optimized: all of them are hold-out, and no
choice in the engine was made with one of them at hand. Not in the table of `fusee bench` unless they are named,
or all of them by `unseen`."""

EVERY_WORKLOAD = (*WORKLOADS, *VECTOR_WORKLOADS, *MANAGED_WORKLOADS, *UNSEEN_WORKLOADS)
_FAMILIES = {"simd": VECTOR_WORKLOADS, "gc": MANAGED_WORKLOADS, "unseen": UNSEEN_WORKLOADS}


def find_workloads(names: str | None) -> list[Workload]:
    """Those of a comma-separated list, in its order, or of a family: `simd`, `gc`, `unseen`; else the scalar ones."""
    if names is None:
        return list(WORKLOADS)
    if names in _FAMILIES:
        return list(_FAMILIES[names])
    by_name = {workload.name: workload for workload in EVERY_WORKLOAD}
    chosen = [name.strip() for name in names.split(",")]
    unknown = [name for name in chosen if name not in by_name]
    if unknown:
        raise ValueError(f"no workload named {unknown[0]!r}; there are {', '.join(by_name)}")
    return [by_name[name] for name in chosen]
