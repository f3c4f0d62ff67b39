"""LLVM: from a module's text to an object file, and from object files to running code."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

import llvmlite

from fusee.kernel.llvm import llvm
from fusee.kernel.target import Target
from fusee.kernel.triple import Triple

VERSION = f"llvmlite {llvmlite.__version__}, LLVM {'.'.join(map(str, llvm.llvm_version_info))}"


@cache
def _initialise() -> None:
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()


@cache
def host_processor() -> tuple[str, str]:
    """This machine's processor and its features, as LLVM names them."""
    return llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()


_SCHEDULERS = {"x86_64": "list-burr"}
"""How LLVM orders a block's instructions before it allocates registers, where its own way does not do. On x86-64 a tail
call leaves a handler three free registers; in LLVM's order one handler in seven needs a fourth, which it must save, and
others copy. `list-burr` keeps fewer values alive: handlers are an eighth shorter."""


_LOOPS_AS_THEY_ARE = frozenset({"x86_64", "aarch64", "aarch64_32"})
"""Where loops of guests are not rewritten (LLVM's *loop strength reduction*). In them a bounds check needs the index,
and the processor adds it to a base while it loads: what LLVM would step through in its place is one value more."""


_BOUNDED = {
    "large-interval-size-threshold": ("1000", "100"), "large-interval-freq-threshold": ("8", "256"),
    "dag-maps-huge-region": ("200", "1000"),
}  # fmt: skip
"""Where LLVM stops looking at all that there is: its numbers for guests, and its own, for the engine.

It gives the values that come together in one place one register, a copy at a time, and each time looks at all that is
in it already (*large intervals*). And where a block accesses memory, it compares each access with all others before it
orders them, until there are so many (*huge region*): 2,000 vectors in locals took it three times as long.
"""


_HASTY = {
    "fast-isel": ("true", "false"),  # selects instructions one by one, where it can
    "disable-post-ra": ("true", "false"),
    "disable-machine-licm": ("true", "false"),
    "disable-copyprop": ("true", "false"),
    "disable-branch-fold": ("true", "false"),
    "x86-cmov-converter": ("false", "true"),
    "grow-region-complexity-budget": ("50", "10000"),  # for where a value's life is divided
}
"""What LLVM leaves out where it makes machine code of guests in haste, and its defaults."""

_NEVER_HASTY = {"aarch64": " cmpxchg ", "aarch64_32": " cmpxchg "}
"""By machine: the instruction with which it does not: where the processor has one like it (LSE), `fast-isel` ends the
process, since LLVM has not expected it above `-O0`."""


_LEFT_OUT = {"x86_64": ("-avxvnni", "-avx512vnni")}
"""Extensions that guests do without. With these LLVM makes one instruction (`vpdpwssd`) of a product of lanes and the
sum that it is added to. The next sum waits for all of it, four or five cycles, where it would wait for an addition,
one: a loop that adds up `i32x4.dot_i16x8_s` took up to twice as long."""


class Machine:
    """Compiles for one target; `for_guests`: functions of WebAssembly modules."""

    def __init__(self, target: Target, *, for_this_process: bool = False, for_guests: bool = False) -> None:
        _initialise()
        triple = Triple.parse(target.triple)
        self.triple = triple.llvm
        processor, features = host_processor() if for_this_process else (triple.processor, triple.features)
        if for_guests and triple.architecture in _LEFT_OUT:
            features = ",".join((features, *_LEFT_OUT[triple.architecture])).lstrip(",")
        self.instructions = _instructions(triple, features)
        options = {"cpu": processor, "features": features, "opt": 2, "reloc": "pic", "codemodel": "default"}
        self._scheduler = _SCHEDULERS.get(triple.architecture, "default")
        self._for_guests = for_guests
        self._never_hasty = _NEVER_HASTY.get(triple.machine, "")
        self._keeps_loops = for_guests and triple.machine in _LOOPS_AS_THEY_ARE
        # Many of a guest's loops take few turns: what vectors need around them made `lz` 1.15 times as long.
        self._vectorizes = not (for_this_process and for_guests)
        self._merges_equals = not (for_this_process or for_guests)
        self.description = f"{VERSION} {self.triple} {processor} {features} {options} {self._scheduler}"
        self.description += " merging" * self._merges_equals
        self.flags = _sdk_version(triple)
        self._options = options
        self.machine = self._target_machine()

    def _target_machine(self) -> Any:
        return llvm.Target.from_triple(self.triple).create_target_machine(**self._options)

    def object(self, text: str, *, is_quick: bool = False) -> bytes:
        """Compile a module. `is_quick`: by a short pipeline, which does for many tiny functions such as handlers.

        Of guests the machine code is made in haste then, too: it is not as good.
        """
        return bytes(self._emitter(text, is_quick).emit_object(self._optimized(text, is_quick)))

    def assembly(self, text: str, *, is_quick: bool = False) -> str:
        """The assembly that `object` would encode."""
        return str(self._emitter(text, is_quick).emit_assembly(self._optimized(text, is_quick)))

    def _is_hasty(self, text: str, is_quick: bool) -> bool:
        return is_quick and self._for_guests and not (self._never_hasty and self._never_hasty in text)

    def _emitter(self, text: str, is_quick: bool) -> Any:
        """What makes machine code. One that has selected instructions in haste does so ever after."""
        return self._target_machine() if self._is_hasty(text, is_quick) else self.machine

    def _set_options(self, is_hasty: bool) -> None:
        """LLVM has one setting for the whole process, so all are set each time."""
        chosen = {"pre-RA-sched": self._scheduler, "disable-lsr": str(is_hasty or self._keeps_loops).lower()}
        bounded = {name: both[not self._for_guests] for name, both in _BOUNDED.items()}
        for name, value in {**chosen, **bounded, **{name: both[not is_hasty] for name, both in _HASTY.items()}}.items():
            llvm.set_option("fusee", f"-{name}={value}")

    def _optimized(self, text: str, is_quick: bool) -> Any:
        self._set_options(self._is_hasty(text, is_quick))
        header = f'target datalayout = "{self.machine.target_data}"\ntarget triple = "{self.triple}"\n'
        module = llvm.parse_assembly(header + text + self.flags)
        tuning = llvm.create_pipeline_tuning_options(speed_level=2)
        tuning.loop_vectorization = tuning.loop_interleaving = self._vectorizes
        builder = llvm.create_pass_builder(self.machine, tuning)
        passes = _quick_pipeline() if is_quick else builder.getModulePassManager()
        if self._merges_equals and not is_quick:
            passes.add_merge_functions_pass()  # kernels made for several types are often the same code
        passes.run(module, builder)
        return module


def _instructions(triple: Triple, features: str) -> frozenset[str]:
    """The extensions of the instruction set that code may count on, by LLVM's names."""
    of_architecture = {"x86_64": {"sse2"}, "aarch64": {"neon"}, "aarch64_32": {"neon"}}.get(triple.machine, set())
    return frozenset(of_architecture | {name[1:] for name in features.split(",") if name.startswith("+")})


def _sdk_version(triple: Triple) -> str:
    """Module flags that note in Mach-O files which SDK they are for: that of the oldest system they run on."""
    if triple.object_format != "macho":
        return ""
    major, minor = (*map(int, triple.minimum_os.split(".")), 0)[:2]
    # Any number does that no other metadata of a module has.
    node = f'!{{i32 2, !"SDK Version", [2 x i32] [i32 {major}, i32 {minor}]}}'
    return f"!llvm.module.flags = !{{!{_SDK_NODE}}}\n!{_SDK_NODE} = {node}\n"


_SDK_NODE = 0x4000_0000


def _quick_pipeline() -> Any:
    """For straight-line handlers this gives the same code as the full pipeline, in a sixth of the time.

    Functions of guests, which a compiler has optimized before, lose what LLVM would inline and unroll.
    """
    passes = llvm.create_new_module_pass_manager()
    passes.add_sroa_pass()
    passes.add_instruction_combine_pass()
    passes.add_simplify_cfg_pass()
    return passes


class Loaded:
    """Object files linked into this process; lives as long as their code is needed."""

    def __init__(self, objects: Iterable[bytes]) -> None:
        import llvmlite.binding as llvm  # what links, and all that belongs to it

        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        machine = llvm.Target.from_triple(llvm.get_process_triple()).create_target_machine(jit=True)
        # JITLink and not its predecessor: that one breaks when sections end up more than 2 GiB apart.
        self._linker = llvm.create_lljit_compiler(machine, use_jit_link=True)
        library = llvm.JITLibraryBuilder().add_current_process()
        for content in objects:
            library.add_object_img(content)
        # Whoever lets go of the result of a look-up unloads the code.
        self._found = {"": library.link(self._linker, _LIBRARY)}

    def address(self, symbol: str) -> int:
        """Where a symbol is; 0 if there is none of that name."""
        if symbol not in self._found:
            try:
                self._found[symbol] = self._linker.lookup(_LIBRARY, symbol)
            except RuntimeError:
                return 0
        return int(self._found[symbol][symbol])


_LIBRARY = "program"
