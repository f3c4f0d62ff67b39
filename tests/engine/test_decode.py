"""What decoding leaves, un-compiled, with 32-bit and 64-bit pointers."""

from fusee.api.text import wat2wasm
from fusee.engine.decode.module import release_module
from fusee.engine.state.module import (
    EXTERN_FUNC,
    EXTERN_GLOBAL,
    EXTERN_MEMORY,
    EXTERN_TABLE,
    KIND_FUNC,
    KIND_STRUCT,
    NONE,
    SEGMENT_ACTIVE,
    SEGMENT_DECLARATIVE,
    SEGMENT_PASSIVE,
)  # fmt: skip
from fusee.engine.validate.module import validate_module
from tests.engine import simulated_decoder
from tests.engine.simulated_decoder import Decoder, numbers, text
from tests.hostile.encoding import IMPORT, MAGIC, TYPE, function_type, section, vector

decoder = simulated_decoder.decoder
KITCHEN_SINK = """(module
  (type $t (func (param i32 f64) (result i64)))
  (rec (type $s (sub (struct (field i8) (field (mut (ref null $s)))))) (type $u (sub $s (struct (field i8)
    (field (mut (ref null $s))) (field externref)))))
  (import "env" "f" (func $f (type $t)))
  (import "env" "m" (memory 1 2))
  (import "e" "g" (global $g (mut i64)))
  (table $table 3 4 funcref)
  (table i64 1 (ref func) (ref.func $f))
  (memory i64 5)
  (global $h i32 (i32.add (i32.const 1) (i32.const 2)))
  (export "naïve" (func 1)) (export "m" (memory 1)) (export "t" (table 0)) (export "h" (global $h))
  (start $start)
  (elem (i32.const 1) func $f $f)
  (elem declare func $f)
  (elem externref (ref.null extern))
  (data (memory 1) (i64.const 7) "active")
  (data "passive")
  (func $start (local i32 i32 f32) (memory.init 0 1 (i32.const 0) (i32.const 0) (i32.const 0))
    (drop (i32.add (i32.const 1) (i32.add (i32.const 2) (i32.const 3))))))"""


def test_types(decoder: Decoder) -> None:
    m = decoder.decode(bytes(wat2wasm(KITCHEN_SINK)))
    function, structure, extended = (m.types[i] for i in range(3))
    assert numbers(function.kind, structure.kind) == [KIND_FUNC, KIND_STRUCT]
    assert [int(function.params[i]) for i in range(int(function.param_count))] == [0x7F, 0x7C]
    assert [int(function.results[i]) for i in range(int(function.result_count))] == [0x7E]
    assert (function.is_final, structure.is_final) == (True, False)
    assert numbers(function.supertype, extended.supertype) == [NONE, 1]
    assert [int(extended.fields[i]) for i in range(int(extended.field_count))] == [0x78, 0xC000_0001, 0xE000_006F]
    assert [int(extended.mutable[i]) for i in range(3)] == [0, 1, 0]
    assert [int(m.types[i].group_end) for i in range(3)] == [1, 3, 3]
    release_module(m)


def test_imports_and_exports(decoder: Decoder) -> None:
    m = decoder.decode(bytes(wat2wasm(KITCHEN_SINK)))
    imports = [m.imports[i] for i in range(int(m.import_count))]
    assert [(text(m, i.module), text(m, i.name)) for i in imports] == [(b"env", b"f"), (b"env", b"m"), (b"e", b"g")]
    assert [(int(i.kind), int(i.index)) for i in imports] == [(EXTERN_FUNC, 0), (EXTERN_MEMORY, 0), (EXTERN_GLOBAL, 0)]
    exports = [m.exports[i] for i in range(int(m.export_count))]
    assert [text(m, e.name).decode() for e in exports] == ["naïve", "m", "t", "h"]
    kinds = [(int(e.kind), int(e.index)) for e in exports]
    assert kinds == [(EXTERN_FUNC, 1), (EXTERN_MEMORY, 1), (EXTERN_TABLE, 0), (EXTERN_GLOBAL, 1)]
    assert m.start == 1
    release_module(m)


GROUPED = """(module
  (import "env" (item "a") (item "b") (item "c") (func (param i32)))
  (import "x" (item "m" (memory 1)) (item "g" (global i64)) (item "f" (func (param i32))))
  (import "y" "t" (table 1 funcref)))"""


def test_imports_in_groups(decoder: Decoder) -> None:
    """Proposal compact-import-section: as if each had named its module."""
    binary = bytes(wat2wasm(GROUPED))
    m = decoder.decode(binary)
    decoder.check(binary)
    imports = [m.imports[i] for i in range(int(m.import_count))]
    assert [(text(m, i.module) + b"." + text(m, i.name)).decode() for i in imports] == [
        "env.a", "env.b", "env.c", "x.m", "x.g", "x.f", "y.t",
    ]  # fmt: skip
    assert [(int(i.kind), int(i.index)) for i in imports] == [
        (EXTERN_FUNC, 0), (EXTERN_FUNC, 1), (EXTERN_FUNC, 2), (EXTERN_MEMORY, 0), (EXTERN_GLOBAL, 0), (EXTERN_FUNC, 3),
        (EXTERN_TABLE, 0),
    ]  # fmt: skip
    assert numbers(m.func_count, m.table_count, m.memory_count, m.global_count, m.tag_count) == [4, 1, 1, 1, 0]
    release_module(m)


EMPTY_GROUPS = section(TYPE, vector([function_type()])) + section(
    IMPORT, vector([b"\1a\0\x7e\0\0" + vector([]), b"\1a\0\x7f" + vector([]), b"\1a\0\x7e\2\0\1" + vector([b"\1m"])])
)


def test_empty_groups_import_nothing(decoder: Decoder) -> None:
    m = decoder.decode(MAGIC + EMPTY_GROUPS)
    assert numbers(m.import_count, m.func_count, m.memory_count) == [1, 0, 1]
    release_module(m)


def test_index_spaces(decoder: Decoder) -> None:
    m = decoder.decode(bytes(wat2wasm(KITCHEN_SINK)))
    assert numbers(m.func_count, m.imported_func_count) == [2, 1]
    assert numbers(m.memory_count, m.imported_memory_count) == [2, 1]
    assert numbers(m.global_count, m.imported_global_count) == [2, 1]
    limits = m.memories[0].limits
    assert numbers(limits.minimum, limits.maximum, limits.has_maximum, limits.is_64) == [1, 2, True, False]
    assert numbers(m.memories[1].limits.minimum, m.memories[1].limits.is_64) == [5, True]
    assert numbers(m.tables[0].element, m.tables[1].element) == [0xE000_0070, 0xA000_0070]
    assert text(m, m.tables[0].init) == b""
    assert text(m, m.tables[1].init) == b"\xd2\0\x0b"
    assert text(m, m.globals[1].init) == b"\x41\1\x41\2\x6a\x0b"
    assert (m.globals[0].is_mutable, m.globals[1].is_mutable) == (True, False)
    release_module(m)


def test_segments(decoder: Decoder) -> None:
    m = decoder.decode(bytes(wat2wasm(KITCHEN_SINK)))
    elements = [m.elements[i] for i in range(int(m.element_count))]
    assert [int(e.mode) for e in elements] == [SEGMENT_ACTIVE, SEGMENT_DECLARATIVE, SEGMENT_PASSIVE]
    assert [(int(e.count), bool(e.is_expressions)) for e in elements] == [(2, False), (1, False), (1, True)]
    assert text(m, elements[0].items) == b"\0\0"
    assert text(m, elements[2].items) == b"\xd0\x6f\x0b"
    datas = [m.datas[i] for i in range(int(m.data_count))]
    assert [int(d.mode) for d in datas] == [SEGMENT_ACTIVE, SEGMENT_PASSIVE]
    assert [int(d.memory) for d in datas] == [1, 0]
    assert [text(m, d.bytes) for d in datas] == [b"active", b"passive"]
    release_module(m)


def test_bodies(decoder: Decoder) -> None:
    m = decoder.decode(bytes(wat2wasm(KITCHEN_SINK)))
    validate_module(m)
    body = m.bodies[0]
    assert numbers(body.type_index, body.local_count, body.max_height) == [int(m.func_types[1]), 3, 3]
    assert text(m, body.locals) == b"\2\2\x7f\1\x7d"
    assert text(m, body.code)[-1:] == b"\x0b"
    assert b"start" in text(m, m.name_section)
    release_module(m)
