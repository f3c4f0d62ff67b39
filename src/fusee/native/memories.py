"""Where a function's memories are, and how long: values of LLVM's, loaded again after what may have changed them."""

from collections import Counter
from typing import TYPE_CHECKING, Final

from fusee.native.writer import OperandWriter

if TYPE_CHECKING:
    from fusee.native.unit import Unit

_MOST_CHECKS: Final = 1024  # against a memory's length that is not loaded in between


class MemoryWriter(OperandWriter):
    """A function that accesses memories."""

    def __init__(self, unit: "Unit") -> None:
        super().__init__(unit)
        self.memories: dict[int, tuple[str, str, str]] = {}  # by index: the memory, variables of its base and length
        self.reads = Counter[str]()  # of variables, since they have been set

    def find_memories(self) -> None:
        """Where the function begins."""
        for index, (memory, base, length) in self.memories.items():
            found = self.use("other_memory", "%ctx", str(index)) if index else self.use("first_memory", "%ctx")
            self.emit(f"{memory} = getelementptr i8, ptr {found}, i64 0")
            if self.unit.module.stays(index):
                self.emit(f"store ptr {self.use('fixed_base_of', memory)}, ptr {base}")
            if self.unit.module.are_fixed[index]:
                self.emit(f"store i64 {self.unit.module.least_bytes[index]}, ptr {length}")
        self.reload_memories()

    def reload_memories(self) -> None:
        """After anything that may have grown them."""
        for index, (memory, base, _) in self.memories.items():
            if not self.unit.module.stays(index):
                self.accessed = "memory"
                self.emit(f"store ptr {self.use('base_of', memory)}, ptr {base}")
                self.accessed = "engine"
            self._reload_length(index)

    def reload_shared(self) -> None:
        """Where this guest may learn what another thread has done, which may have grown those that they share."""
        for index in self.memories:
            if self.unit.module.are_shared[index]:
                self._reload_length(index)

    def _reload_length(self, index: int) -> None:
        if self.unit.module.are_fixed[index]:
            return  # it never changes
        memory, _, length = self.memories[index]
        self.accessed = self.unit.length_of(index)
        self.emit(f"store i64 {self.use('length_of', memory)}, ptr {length}")
        self.accessed = "engine"
        self.reads[length] = 0

    def place_inside(self, memory: int, index: str, further: int) -> str:
        """Where an access goes that is known to be inside: its index has 32 bits."""
        start = self.value(f"zext i32 {index} to i64")
        base = self.value(f"load ptr, ptr {self.memories[memory][1]}")
        place = self.value(f"getelementptr inbounds nuw i8, ptr {base}, i64 {start}")
        return self.value(f"getelementptr inbounds nuw i8, ptr {place}, i64 {further}")

    def read_length(self, variable: str) -> str:
        """A memory's length. Read often, it becomes another value, of which LLVM knows nothing."""
        return self.read_variable("i64", variable, _MOST_CHECKS)

    def read_variable(self, type_: str, variable: str, most: int) -> str:
        """What is in a variable: the same value, but after so many times opaque."""
        found = self.value(f"load {type_}, ptr {variable}")
        self.reads[variable] += 1
        if self.reads[variable] >= most:
            self.reads[variable] = 0
            found = self.opaque(type_, found)
            self.emit(f"store {type_} {found}, ptr {variable}")
        return found
