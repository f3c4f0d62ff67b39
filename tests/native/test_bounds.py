"""Native code knows the least length of a memory; where its accesses end is as interpreted."""

from typing import Any

import pytest

from fusee import Config, Engine, Instance, Module, Store, Trap
from tests.native.parts import natively

PAGE = 1 << 16


def guest(declared: str, address: str, page: int = PAGE) -> str:
    """Accesses at an index and at constant addresses, before and behind the end of the memory's first page."""
    constants = [(0, 0), (page - 4, 0), (page - 3, 0), (0, page - 4), (0, page - 3), (page, 0), (0, 2 * page - 4)]
    functions = "".join(
        f'(func (export "c{number}") (result i32) (i32.load offset={offset} ({address}.const {index})))'
        for number, (index, offset) in enumerate(constants)
    )
    return f"""(module {declared}
  (func (export "byte") (param {address}) (result i32) (i32.load8_u (local.get 0)))
  (func (export "far") (param {address}) (result i32) (i32.load offset={page - 8} (local.get 0)))
  (func (export "past") (param {address}) (result i32) (i32.load offset={page - 3} (local.get 0)))
  (func (export "put") (param {address}) (i64.store offset=8 (local.get 0) (i64.const 0x0102030405060708)))
  (func (export "fill") (param {address} {address})
    (loop $more
      (i32.store8 (local.get 0) (i32.const 7))
      (local.set 0 ({address}.add (local.get 0) ({address}.const 1)))
      (br_if $more ({address}.lt_u (local.get 0) (local.get 1)))))
  (func (export "grow") (result {address}) (memory.grow ({address}.const 1)))
  {functions})"""


MEMORIES = {
    "32": ('(memory (export "memory") 1 3)', "i32", PAGE),
    "64": ('(memory (export "memory") i64 1 3)', "i64", PAGE),
    "fixed": ('(memory (export "memory") 1 1)', "i32", PAGE),
    "fixed 64": ('(memory (export "memory") i64 1 1)', "i64", PAGE),
    "small pages": ('(memory (export "memory") 40 100 (pagesize 1))', "i32", 40),
}


def seen(declared: str, address: str, page: int) -> list[Any]:
    """What every function does, before the memory has grown and afterwards."""
    config = Config()
    config.wasm_custom_page_sizes = True
    store = Store(Engine(config))
    exports: Any = Instance(store, Module(store.engine, guest(declared, address, page)), []).exports(store)
    edges = [0, 1, 4, 5, page - 17, page - 16, page - 15, page - 8, page - 4, page - 1, page, page + 1, (1 << 32) - 4]
    edges += [(1 << 32) - page, (1 << 64) - 8, (1 << 64) - page + 2] if address == "i64" else [(1 << 32) - page + 2]
    lines: list[Any] = []
    for _ in range(2):
        for name in [name for name in sorted(exports) if name[0] == "c"]:
            lines.append(outcome(exports[name], store))
        for edge in edges:
            wrapped = edge - (1 << (32 if address == "i32" else 64)) if edge >> 31 and address == "i32" else edge
            lines += [outcome(exports[name], store, wrapped) for name in ("byte", "far", "past", "put")]
        lines.append(outcome(exports["fill"], store, max(page - 3, 0), page + 1))
        memory = exports["memory"]
        lines += [bytes(memory.read(store, 0, memory.data_len(store)))[-32:], exports["grow"](store)]
    return lines


def outcome(function: Any, store: Store, *arguments: int) -> Any:
    try:
        return function(store, *arguments)
    except Trap as trap:
        return trap.trap_code, [(frame.func_index, frame.module_offset) for frame in trap.frames]


@pytest.mark.parametrize("kind", MEMORIES)
def test_accesses_end_where_interpreted_ones_do(kind: str) -> None:
    with natively("none"):
        expected = seen(*MEMORIES[kind])
    with natively("all") as part:
        found = seen(*MEMORIES[kind])
    assert found == expected
    assert part.native == 13
    assert any(isinstance(line, int) for line in found)


def test_an_imported_memory_may_be_longer_than_it_has_to() -> None:
    """What counts is its length, not the least that the module asks for."""
    with natively("all") as part:
        store = Store(Engine())
        owner: Any = Instance(store, Module(store.engine, '(module (memory (export "m") 2))'), []).exports(store)
        text = """(module (import "" "m" (memory 1))
          (func (export "f") (param i32) (result i32) (i32.load offset=65532 (local.get 0)))
          (func (export "g") (result i32) (i32.load offset=65533 (i32.const 65536))))"""
        exports: Any = Instance(store, Module(store.engine, text), [owner["m"]]).exports(store)
        assert exports["f"](store, PAGE) == 0
        with pytest.raises(Trap, match="out of bounds memory access"):
            exports["f"](store, PAGE + 1)
        with pytest.raises(Trap, match="out of bounds memory access"):
            exports["g"](store)
    assert part.native == 2
