"""The heap and its collector compiled alone, in this process: many objects in little time, and in the checked build."""

import ctypes
from functools import cache

from fusee.api.text import wat2wasm
from fusee.engine.decode.module import decode_module, release_module
from fusee.engine.registry import TypeRegistry
from fusee.engine.runtime.heap.allocate import new_array, new_struct
from fusee.engine.runtime.heap.barrier import mark_overwritten
from fusee.engine.runtime.heap.blocks import is_object
from fusee.engine.runtime.heap.collect import collect_all_for, collect_for, collect_hosts
from fusee.engine.runtime.heap.roots import new_root
from fusee.engine.runtime.store import new_store, open_engine, release_engine, release_store
from fusee.engine.state.module import Module
from fusee.engine.state.runtime import Engine, Store
from fusee.engine.validate.module import validate_module
from fusee.kernel.build import Library, Program, load
from fusee.kernel.memory import view
from fusee.spec.features import ALL_FEATURES
from tests.engine.native_modules import allocate_checked, libc, platform, release_checked

TYPES = """(module
  (type $node (struct (field i64) (field (mut anyref)) (field (mut anyref))))
  (type $array (array (mut anyref)))
  (type $bytes (array (mut i8))))"""
NODE, ARRAY, BYTES = range(3)

ENTRIES = (
    open_engine, release_engine, new_store, release_store, decode_module, validate_module, release_module, new_struct,
    new_array, is_object, collect_for, collect_all_for, collect_hosts, mark_overwritten, new_root,
)  # fmt: skip


@cache
def library(checked: bool) -> Library:
    return load(Program("heap", ENTRIES), checked=checked)


class NativeHeap:
    """A store for objects alone. References are native addresses; what the embedder gave is a number times 4 plus 2."""

    def __init__(self, checked: bool = False) -> None:
        functions = library(checked)
        self._functions = functions
        self._allocate = allocate_checked if checked else libc.calloc
        self._free = release_checked if checked else libc.free
        self._engine = functions.function(open_engine)(platform(checked), False)
        self.address: int = functions.function(new_store)(self._engine, 1 << 16, 0)
        self.store = view(Store, self.address)
        self._load_types(platform(checked))
        self.is_object = functions.function(is_object)
        self._new_struct, self._new_array = functions.function(new_struct), functions.function(new_array)

    def _load_types(self, system: int) -> None:
        binary = bytes(wat2wasm(TYPES))
        self._source = self._allocate(1, len(binary))
        ctypes.memmove(self._source, binary, len(binary))
        registry = int(view(Engine, self._engine).registry)
        arguments = registry, system, self._source, len(binary), int(ALL_FEATURES)
        self._module = self._functions.function(decode_module)(*arguments)
        self._functions.function(validate_module)(self._module)
        self.types = [int(view(Module, self._module).types[i].canonical) for i in range(3)]
        assert view(TypeRegistry, registry).type_count >= 3

    def close(self) -> None:
        self._functions.function(release_store)(self.address)
        self._functions.function(release_module)(self._module)
        self._functions.function(release_engine)(self._engine)
        self._free(self._source)

    def struct(self, type_: int, size: int) -> int:
        made: int = self._new_struct(self.address, type_, size)
        return made

    def node(self, number: int) -> int:
        at = self.struct(self.types[NODE], 32)
        self.words(at, 4)[1] = number
        return at

    def array(self, length: int) -> int:
        made: int = self._new_array(self.address, self.types[ARRAY], 8 + 8 * length, length)
        return made

    def write(self, at: int, word: int, reference: int) -> None:
        """Write a reference, as handlers do."""
        words = self.words(at, word + 1)
        if self.store.heap.is_marking:
            self._functions.function(mark_overwritten)(self.address, words[word])
        words[word] = reference

    def root(self, reference: int) -> "ctypes.Array[ctypes.c_uint64]":
        place: int = self._functions.function(new_root)(self.address, reference)
        return self.words(place, 1)

    def collect(self, budget: int | None = None) -> bool:
        """A slice of so many words, or everything."""
        if budget is not None:
            return bool(self._functions.function(collect_for)(self.address, budget))
        self._functions.function(collect_all_for)(self.address)
        return True

    def hosts(self, count: int) -> set[int]:
        """The embedder's numbers, of so many, that objects hold."""
        marks = (ctypes.c_ubyte * count)()
        self._functions.function(collect_hosts)(self.address, marks, count)
        return {number for number in range(count) if marks[number]}

    def push(self, *words: int) -> None:
        """Put words on the guest's stack."""
        base, top = int(self.store.stack_base.address), int(self.store.stack_top.address)
        place = self.words(base, (top - base) // 8 + len(words))
        place[(top - base) // 8 :] = list(words)
        self.store.stack_top = self.store.stack_top + len(words)

    def words(self, at: int, count: int) -> "ctypes.Array[ctypes.c_uint64]":
        """Words of memory, to read and to write."""
        return (ctypes.c_uint64 * count).from_address(at)
