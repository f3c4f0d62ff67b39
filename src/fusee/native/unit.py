"""One LLVM module of native functions: what they share."""

from typing import NamedTuple

from fusee.engine.state.agreed import WIDE_RESULT
from fusee.kernel.machine import host_processor
from fusee.kernel.target import Target
from fusee.kernel.text import ModuleText
from fusee.kernel.triple import Triple
from fusee.native.kernels import Kernels
from fusee.native.layouts import layout
from fusee.native.module import FuncType, Module
from fusee.native.registers import are_registers, parameters, received

LLVM = {
    "i32": "i32", "i64": "i64", "f32": "float", "f64": "double", "v128": "<2 x i64>", "ref": "i64", "func": "i64",
}  # fmt: skip


class Options(NamedTuple):
    """How functions are compiled."""

    target: Target
    prefix: str = "native"  # of symbols: a library may hold several modules
    polls: bool = True  # whether another thread may want the guest to pause
    grows: bool = False  # whether more of the module's functions may get native code later
    for_this_process: bool = True
    is_metered: bool = False  # whether what is executed is paid for with fuel
    looks_ahead: bool = True  # on this machine: whether there is a copy of loops (`native.ahead`)

    @property
    def convention(self) -> str:
        """LLVM's name of the convention by which native code is called, or nothing if that is C's.

        With `tailcc` it can be left by a jump to other native code, whatever the parameters of that. On x86-64 every
        function would then pop eight bytes that nobody needs, and every caller take them back.
        """
        return "tailcc " if self.jumps and self.target.architecture == "aarch64" else ""

    @property
    def has_wide_registers(self) -> bool:
        """Whether registers have 64 bits, so that the status of a call and two results are in three."""
        return self.target.architecture in ("x86_64", "aarch64")

    @property
    def jumps(self) -> bool:
        """Whether native code can be left by a jump to other native code."""
        return self.has_wide_registers and self.target.object_format in ("elf", "macho")

    @property
    def keeping(self) -> str:
        """LLVM's name of a convention by which what is called leaves registers alone, all but that of its result."""
        return "preserve_allcc " if self.jumps else ""

    @property
    def keeping_whole(self) -> str:
        """What such a function is said to be, beside the convention.

        On x86-64 LLVM would have it end with `vzeroupper`, which clears the upper halves of registers of 32 bytes: of
        those that it has just given back what they had.
        """
        if not self.keeping or self.target.architecture != "x86_64":
            return ""
        features = host_processor()[1] if self.for_this_process else Triple.parse(self.target.triple).features
        return f'"target-features"="{f"{features},-vzeroupper".lstrip(",")}" '

    def symbol(self, function: int) -> str:
        """The name of a function's native code."""
        return f"{self.prefix}.f{function}"

    def resume_symbol(self, function: int, loop: int) -> str:
        """The name of what goes on in a function's loop, at an offset in the module."""
        return f"{self.prefix}.r{function}.{loop}"

    def entry_symbol(self, type_index: int) -> str:
        """The name of what calls native code of a type from a guest frame."""
        return f"{self.prefix}.e{type_index}"


class Unit:
    """Functions that become one object file.

    `chosen` are all of the module's that have native code, `tailing` those of them that have tail calls, and
    `handing_over` those that may return `TAIL_CALL`.
    """

    def __init__(
        self, module: Module, chosen: frozenset[int], tailing: frozenset[int], handing_over: frozenset[int],
        kernels: Kernels, options: Options,
    ) -> None:  # fmt: skip
        self.module = module
        self.chosen = chosen
        self.tailing = tailing
        self.handing_over = handing_over
        self.kernels = kernels
        self.options = options
        self.writer = ModuleText()
        self.word = f"i{8 * options.target.pointer_width}"
        self._own: set[int] = set()
        self._layouts: dict[int, tuple[list[int], int]] = {}
        root = self.writer.metadata('!{!"fusee"}')
        kinds = ("guest", "engine", "memory", "global", "frame", "object")
        self._tags = {name: self._tag(name, root) for name in kinds}
        self._tags["shared"] = self._tags["guest"]
        self._volatile = {"shared"}
        self._tags["unchanging"] = f", !invariant.load !{self.writer.metadata('!{}')}"
        self.called: set[str] = set()  # functions that kernels call, and are defined here
        self.notes: set[str] = set()  # what notes frames, and is defined here
        self.apart: set[str] = set()  # likewise numeric instructions that may trap

    def _tag(self, name: str, root: int) -> str:
        """Tells LLVM that what is accessed as `name` is not what is accessed as another."""
        kind = self.writer.metadata(f'!{{!"{name}", !{root}, i64 0}}')
        return f", !tbaa !{self.writer.metadata(f'!{{!{kind}, !{kind}, i64 0}}')}"

    def tag(self, name: str) -> str:
        """The suffix of an access to the guest's memory, to guest frames, objects, or the engine's structures.

        Of these a memory's base and length, and globals, are told from the others. Guests that have a stack in memory
        set a global in every second function, its pointer: where one is inlined, no memory has moved.
        """
        return self._tags[name]

    def is_volatile(self, name: str) -> bool:
        """Whether other threads may change what is accessed as `name`: LLVM accesses it just as it stands."""
        return name in self._volatile

    def not_unrolled(self) -> int:
        """What tells LLVM to unroll a loop not at all: a node for each, which names itself."""
        kept = self.writer.metadata('!{!"llvm.loop.unroll.disable"}')
        own = kept + 1
        return self.writer.metadata(f"distinct !{{!{own}, !{kept}}}")

    def bytes_of(self, memory: int) -> str:
        """What is accessed by a guest's loads and stores."""
        return "shared" if self.module.are_shared[memory] else "guest"

    def length_of(self, memory: int) -> str:
        """What is accessed where a memory's length is loaded: LLVM is told how long it is at least, and at most."""
        name = f"length {memory}"
        if name not in self._tags:
            most = 1 << (63 if self.module.memories[memory] else 32)
            least = min(self.module.least_bytes[memory], most)
            bounds = self.writer.metadata(f"!{{i64 {least}, i64 {most + 1}}}")
            self._tags[name] = f"{self.tag('memory')}, !range !{bounds}"
            if self.module.are_shared[memory]:
                self._volatile.add(name)
        return name

    @property
    def pointer_bytes(self) -> int:
        return self.options.target.pointer_width

    def offsets(self, type_index: int) -> list[int]:
        """Where the fields of a structure are."""
        return self._layout(type_index)[0]

    def structure_bytes(self, type_index: int) -> int:
        return self._layout(type_index)[1]

    def _layout(self, type_index: int) -> tuple[list[int], int]:
        if type_index not in self._layouts:
            self._layouts[type_index] = layout(self.module.aggregates[type_index], self.pointer_bytes)
        return self._layouts[type_index]

    def symbol(self, function: int) -> str:
        return self.options.symbol(function)

    def result_shape(self, type_: FuncType) -> str:
        """The status, and results behind it."""
        items = ["i64", *(LLVM[item] for item in type_.results)]
        return items[0] if len(items) == 1 else f"{{{', '.join(items)}}}"

    def takes_registers(self, function: int) -> bool:
        """Whether its native code has a parameter for each register (`native.registers`)."""
        is_jumping = function in self.tailing and self.options.jumps and not self.options.convention
        return is_jumping and are_registers(self.module.type_of(function))

    def prototype(self, function: int, name: str, named: bool = False) -> str:
        """Instance, the first free slot of the guest's stack, parameters."""
        type_ = self.module.type_of(function)
        parts = ["ptr %ctx", "ptr %sp"] if named else ["ptr", "ptr"]
        if self.takes_registers(function):
            parts += parameters(type_, named)
        else:
            parts += [f"{LLVM[item]} %p{number}" if named else LLVM[item] for number, item in enumerate(type_.params)]
        return f"{self.options.convention}{self.result_shape(type_)} {name}({', '.join(parts)})"

    def callee(self, function: int) -> str:
        """The operand that names another function's native code."""
        if function not in self._own:
            name = self.symbol(function)
            prototype = self.prototype(function, f'@"{name}"')
            self.writer.declare(name, f"declare hidden {prototype}")
        return f'@"{self.symbol(function)}"'

    def begin(self, own: list[int]) -> None:
        """Say which functions this unit defines."""
        self._own = set(own)

    def define(self, function: int, lines: list[str], may_be_inlined: bool = True) -> None:
        """Add a function's text, which begins with the label of its first block."""
        prototype = self.prototype(function, f'@"{self.symbol(function)}"', named=True)
        if self.takes_registers(function):
            lines = [lines[0], *received(self.module.type_of(function)), *lines[1:]]
        kept = "" if may_be_inlined else "noinline "
        self.writer.add_function("\n".join([f"define hidden {prototype} {kept}nounwind {{", *lines, "}"]))

    def define_entry(self, type_index: int) -> None:
        """`handlers.native.Entry` for the functions of a type."""
        type_ = self.module.types[type_index]
        assert type_ is not None
        lines, arguments, slot = [], ["ptr %ctx", "ptr %frame"], 0
        for number, item in enumerate(type_.params):
            lines.append(f"  %a{number} = getelementptr inbounds nuw i64, ptr %frame, i64 {slot}")
            lines.append(f"  %v{number} = load {LLVM[item]}, ptr %a{number}, align 8")
            arguments.append(f"{LLVM[item]} %v{number}")
            slot += slots_of(item)
        lines.append(f"  %r = call {self.options.convention}{self.result_shape(type_)} %code({', '.join(arguments)})")
        self._define_entry(self.options.entry_symbol(type_index), type_, lines)

    def define_resume(self, symbol: str, type_: FuncType, code: str, slots: int) -> None:
        """The same for code that goes on in a function's frame of so many slots, until it returns."""
        lines = [f"  %sp = getelementptr inbounds nuw i64, ptr %frame, i64 {slots}"]
        called = f"call {self.options.convention}{self.result_shape(type_)} {code}"
        lines.append(f"  %r = {called}(ptr %ctx, ptr %sp, ptr %frame, ptr %code)")
        self._define_entry(symbol, type_, lines)

    def _define_entry(self, symbol: str, type_: FuncType, lines: list[str]) -> None:
        """Which leaves the results, in `%r`, in the frame."""
        shape, status, slot = self.result_shape(type_), "%r", 0
        if type_.results:  # behind them there may be the arguments of a tail call, which are not to be written over
            done = WIDE_RESULT if type_.results[0] == "v128" else 0
            status = "%given"
            lines += [f"  %status = extractvalue {shape} %r, 0", "  %left = icmp ne i64 %status, 0"]
            lines += ["  br i1 %left, label %end, label %returned", "returned:"]
        for number, item in enumerate(type_.results):
            lines.append(f"  %x{number} = extractvalue {shape} %r, {number + 1}")
            lines.append(f"  %b{number} = getelementptr inbounds nuw i64, ptr %frame, i64 {slot}")
            lines += [*_as_slot(item, number), f"  store {_SLOT[item]} %s{number}, ptr %b{number}, align 8"]
            slot += slots_of(item)
        lines += ["  br label %end", "end:"]
        if type_.results:
            lines.append(f"  %given = phi i64 [ %status, %entry ], [ {done}, %returned ]")
        head = f'define hidden i64 @"{symbol}"(ptr %ctx, ptr %frame, ptr %code) nounwind {{'
        self.writer.add_function("\n".join([head, "entry:", *lines, f"  ret i64 {status}", "}"]))

    def text(self) -> str:
        """The module as LLVM's text."""
        return self.writer.text()


_SLOT = {kind: "<2 x i64>" if kind == "v128" else "i64" for kind in LLVM}


def _as_slot(kind: str, number: int) -> list[str]:
    """A result as the whole slot that it takes: so much is read of it a moment later."""
    bits = f"%x{number}"
    lines = []
    if kind == "f32":
        lines, bits = [f"  %n{number} = bitcast float {bits} to i32"], f"%n{number}"
    if kind in ("i32", "f32"):
        return [*lines, f"  %s{number} = zext i32 {bits} to i64"]
    return [f"  %s{number} = bitcast {LLVM[kind]} {bits} to {_SLOT[kind]}"]


def slots_of(kind: str) -> int:
    """How many slots of a frame a value takes."""
    return 2 if kind == "v128" else 1
