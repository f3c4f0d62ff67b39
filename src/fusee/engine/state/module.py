"""The decoded module: what `decode` and `validate` leave for everybody after them.

Arrays live in the module's arena and end with it; `source` is the caller's copy of the binary.
Value types are `u32`: the binary format's code for number and vector types (`0x7F` i32 … `0x7B`
v128), and for references `REF | NULLABLE? | heap`, where heap is a type index, or
`ABSTRACT | code` with the binary format's heap type code (spec 5.3). Where types of several modules meet they are
*canonical*: the engine's number of the type stands for its index, with `AGGREGATE` if it is no function type.
"""

from typing import Annotated, Final

from fusee.kernel.lang import Count, Inline, Ptr, struct, u8, u32, u64, usize

VAL_I32: Final = u32(0x7F)
VAL_I64: Final = u32(0x7E)
VAL_F32: Final = 0x7D
VAL_F64: Final = 0x7C
VAL_V128: Final = 0x7B
REF: Final = u32(0x8000_0000)
NULLABLE: Final = u32(0x4000_0000)
ABSTRACT: Final = 0x2000_0000
HEAP_MASK: Final = u32(0x1FFF_FFFF)
AGGREGATE: Final = u32(0x1000_0000)  # beside a canonical id: it is a structure's or an array's
ID_MASK: Final = 0x07FF_FFFF
NONE: Final = u32(0xFFFF_FFFF)  # where an index may be missing

KIND_FUNC: Final = u8(0)  # composite type kinds, in `TypeDef.kind`
KIND_STRUCT: Final = u8(1)
KIND_ARRAY: Final = u8(2)
MUTABLE_SHIFT: Final = 32  # as the embedder is told of fields: the flag is above the storage type

EXTERN_FUNC: Final = 0  # spec 5.5.5: import and export descriptors
EXTERN_TABLE: Final = 1
EXTERN_MEMORY: Final = 2
EXTERN_GLOBAL: Final = 3
EXTERN_TAG: Final = 4

SEGMENT_PASSIVE: Final = u32(0)
SEGMENT_ACTIVE: Final = u32(1)
SEGMENT_DECLARATIVE: Final = u32(2)


@struct
class TypeDef:
    """One defined type; for functions `params` and `results` hold value types."""

    kind: u32
    canonical: u32  # equal in one engine exactly if the types are equivalent (spec 3.1.2)
    is_final: bool
    supertype: u32  # type index, or NONE
    param_count: u32
    result_count: u32
    param_slots: u32  # a vector takes two
    result_slots: u32
    params: Ptr[u32]
    results: Ptr[u32]
    field_count: u32
    fields: Ptr[u32]  # storage types of structs and arrays: value types, or packed 0x78 i8, 0x77 i16
    mutable: Ptr[u8]  # one flag per field
    group_end: u32  # index behind the recursive group that this type belongs to
    offset: u32  # in the source


@struct
class Span:
    """A range of the source, in bytes."""

    start: u32
    end: u32


@struct
class Limits:
    minimum: u64  # in pages or elements
    maximum: u64
    has_maximum: bool
    is_64: bool
    is_shared: bool
    page_size_log2: u32  # memories only: 16, or 0 with custom-page-sizes


@struct
class TableType:
    offset: u32  # in the source
    limits: Inline[Limits]
    element: u32
    init: Inline[Span]  # constant expression of the initial element; empty: null


@struct
class MemoryType:
    offset: u32  # in the source
    limits: Inline[Limits]


@struct
class GlobalType:
    offset: u32  # in the source
    value_type: u32
    is_mutable: bool
    init: Inline[Span]  # empty for imports


@struct
class Import:
    offset: u32  # in the source
    module: Inline[Span]
    name: Inline[Span]
    kind: u32
    index: u32  # in its kind's index space


@struct
class Export:
    offset: u32  # in the source
    name: Inline[Span]
    kind: u32
    index: u32


@struct
class ElementSegment:
    place: u32  # in the source
    mode: u32
    table: u32
    offset: Inline[Span]  # constant expression
    element: u32  # reference type
    count: u32
    is_expressions: bool
    items: Inline[Span]  # `count` LEB128 function indices, or `count` constant expressions


@struct
class DataSegment:
    place: u32  # in the source
    mode: u32
    memory: u32
    offset: Inline[Span]
    bytes: Inline[Span]


@struct
class Body:
    """A function defined here."""

    type_index: u32
    local_count: u32  # declared locals, parameters not counted
    locals: Inline[Span]  # the vector of (count, type) runs
    code: Inline[Span]  # instructions up to and including the last `end`
    max_height: u32  # greatest height of the operand stack, in values
    has_vectors: bool  # there may be some among its locals or operands
    catch_depth: u32  # how many clauses of the older form of exceptions are open at once, at most


@struct
class Module:
    source: Ptr[u8]
    source_size: u32
    features: u64
    arena: usize  # owner of this struct and of every array below
    registry: usize  # the engine's `TypeRegistry`, which gives types their canonical ids
    registered_types: u32  # how many of `types` hold a place in the registry
    type_count: u32
    types: Ptr[TypeDef]
    func_count: u32  # imports first, like every index space
    imported_func_count: u32
    func_types: Ptr[u32]
    funcs_offset: u32  # of the function section in the source
    bodies: Ptr[Body]  # func_count - imported_func_count
    table_count: u32
    imported_table_count: u32
    tables: Ptr[TableType]
    memory_count: u32
    imported_memory_count: u32
    memories: Ptr[MemoryType]
    global_count: u32
    imported_global_count: u32
    globals: Ptr[GlobalType]
    tag_count: u32
    imported_tag_count: u32
    tags: Ptr[u32]  # type indices
    tags_offset: u32
    import_count: u32
    imports: Ptr[Import]
    export_count: u32
    exports: Ptr[Export]
    element_count: u32
    elements: Ptr[ElementSegment]
    data_count: u32
    datas: Ptr[DataSegment]
    has_data_count: bool  # there is a data count section
    start: u32  # function index, or NONE
    start_offset: u32
    name_section: Inline[Span]  # contents of the custom section "name"; empty if there is none
    vectors: u32  # how often vectors have been met: their type, or their instructions
    has_vector_types: bool  # of functions or globals
    lock: Annotated[Ptr[u32], Count(1)]  # `engine.locks`: of the fields below
    code_root: u32  # of the tree of translated functions, in the terms of `state.code`
    code_waiting: u32  # the newest of those that are not in it yet, which are chained by `lower`
    code_bytes: u64  # of all translated functions, with what belongs to them
    code_table: Ptr[usize]  # addresses of translated functions by index, 0: untranslated; read without the lock
    stubs: Ptr[usize]  # behind it: a cell for each function, where calls of it lead until it is translated
    code_known: Annotated[Ptr[usize], Count(1)]  # of throws: addresses of code by bits of places; 0 before the first
    natives: Ptr[usize]  # native code of functions by index, 0: none; null if no function has any
    tiers: Ptr[usize]  # `NativeCell`s of functions that may have been translated before; null if there never are any
    resumes: usize  # the newest `Resume`: a loop whose first cell leads to native code
