"""What this process's selection makes of functions whose blocks another engine may have counted."""

import ctypes
from collections.abc import Container, Iterable, Iterator, Sequence
from itertools import repeat
from typing import TYPE_CHECKING

from fusee.api._native import HostNative, Native
from fusee.api._start import ProgressBar
from fusee.disasm.cells import CodeCell, walk_cells
from fusee.disasm.listing import handler_numbers
from fusee.engine.isa.selection import chosen
from fusee.engine.state.module import Module as ModuleState
from fusee.engine.state.platform import Platform
from fusee.engine.state.runtime import Engine
from fusee.engine.translate.state import Translator
from fusee.kernel.library import load_defined
from fusee.kernel.memory import read_bytes, view
from fusee.kernel.process import make_struct
from fusee.kernel.target import Target
from fusee.spec.features import ALL_FEATURES
from fusee.tune.profile import Profile

if TYPE_CHECKING:
    from fusee.kernel.compile import Program


class Block:
    """A basic block of a function: its cells without the counter, how often it was executed, whether a loop begins."""

    def __init__(self, function: int, executions: int, begins_loop: bool = False) -> None:
        self.function = function
        self.executions = executions
        self.begins_loop = begins_loop
        self.cells: list[CodeCell] = []

    def dispatches(self) -> Iterator[Sequence[CodeCell]]:
        """The cells that are done in one: one, or a pair."""
        follows = False
        for number, c in enumerate(self.cells):
            if not follows:
                yield self.cells[number : number + 1 + c.is_paired]
            follows = c.is_paired and not follows


class Lister(HostNative):
    """The translator without handlers: compiled in seconds, it lists code that nothing here can run."""

    validate = Native.validate  # no threads help: that takes further entries

    def __init__(self) -> None:
        with ProgressBar() as progress:
            self._library = load_defined(f"fusee lister {chosen().place}", _define_program, progress=progress)
        self._add_entries(self._library.symbols, self._library.entry)
        self.platform = make_struct(Platform, self.platform_functions())
        self.engine: int = self.open_engine(self.platform, False)
        view(Engine, self.engine).is_profiled = True

    def blocks(self, profile: Profile) -> Iterator[Block]:
        """The blocks of the functions that were called."""
        module = self.compile(self.engine, profile.binary, int(ALL_FEATURES))
        for index, counts in profile.functions.items():
            yield from _split(index, *self._cells(module, index), counts)
        self.end_module(module)

    def executions(self, profile: Profile) -> dict[int, float]:
        """How many cells each function has executed."""
        found: dict[int, float] = {}
        for block in self.blocks(profile):
            found[block.function] = found.get(block.function, 0) + block.executions * len(block.cells)
        return found

    def all_blocks(self, binary: bytes) -> Iterator[tuple[int, list[Block]]]:
        """The blocks of all functions, by index; nobody has counted their executions."""
        module = self.compile(self.engine, binary, int(ALL_FEATURES))
        state = view(ModuleState, module)
        for index in range(int(state.imported_func_count), int(state.func_count)):
            yield index, _split(index, *self._cells(module, index), repeat(0))
        self.end_module(module)

    def _cells(self, module: int, index: int) -> tuple[Iterator[CodeCell], set[int]]:
        """A function's cells, and where its loops begin."""
        numbers = ctypes.addressof(handler_numbers())
        translator = self.translate_for_listing(self.engine, module, index, numbers)
        t = view(Translator, translator)
        code = read_bytes(t.code, t.code_bytes)
        heads = {int(t.heads[2 * number]) for number in range(int(t.head_count))}
        self.keep_translator(self.engine, translator)
        return walk_cells(code, Target.host()), heads


def _split(function: int, cells: Iterable[CodeCell], heads: Container[int], counts: Iterable[int]) -> list[Block]:
    """The blocks of one function. What stands before the first counter is executed as often as what follows it."""
    remaining = iter(counts)
    blocks, before = list[Block](), list[CodeCell]()
    for c in cells:
        if c.row.family == "count":
            blocks.append(Block(function, next(remaining), c.start in heads))
            blocks[-1].cells += before
            before = []
        else:
            (blocks[-1].cells if blocks else before).append(c)
    return blocks


def _define_program() -> "Program":
    from fusee.engine.decode.module import decode_module
    from fusee.engine.interpreter import close_module
    from fusee.engine.runtime.store import open_engine
    from fusee.engine.translate.buffers import keep_translator
    from fusee.engine.translate.function import translate_for_listing
    from fusee.engine.validate.module import validate_module
    from fusee.kernel.compile import Program

    entries = (
        open_engine, decode_module, validate_module, close_module, translate_for_listing, keep_translator
    )  # fmt: skip
    return Program("fusee-lister", entries)
