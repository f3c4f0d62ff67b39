"""The code section: where each body, its locals and its instructions are (spec 5.5.13)."""

from fusee.engine.arena import allocate
from fusee.engine.decode.reader import Reader, fail_at_end, read_count, read_u32
from fusee.engine.decode.state import arena_of
from fusee.engine.decode.types import read_value_type
from fusee.engine.errors import Invalid, Malformed
from fusee.engine.state.module import Body, Module
from fusee.kernel.lang import Ptr, cast, kernel, size_of, span, u32, u64
from fusee.spec.errors import ModuleError
from fusee.spec.limits import MAX_FUNCTION_BYTES, MAX_LOCALS


@kernel
def decode_bodies(m: Module, r: Reader) -> None:
    at = r.position
    m.has_vector_types = m.vectors != 0  # only types, imports and globals were before
    count = read_count(r, u32(1))
    if count != m.func_count - m.imported_func_count:
        raise Malformed(ModuleError.FUNCTION_AND_CODE, at)
    m.bodies = cast(Ptr[Body], allocate(arena_of(m), count, u32(size_of(Body))))
    section_end = r.end
    for i in span(count):
        at = r.position
        size = read_u32(r)
        if size > section_end - r.position:
            fail_at_end(r)
        if size > MAX_FUNCTION_BYTES:
            raise Invalid(ModuleError.LIMIT_FUNCTION_SIZE, at)
        r.end = r.position + size
        decode_body(m, r, m.bodies[i])
        m.bodies[i].type_index = m.func_types[m.imported_func_count + i]
        r.end = section_end


@kernel
def decode_body(m: Module, r: Reader, body: Body) -> None:
    """Count the locals; the instructions are left to validation, which reads them once."""
    body.locals.start = r.position
    total = u64(0)
    for _ in span(read_count(r, u32(2))):
        at = r.position
        total += read_u32(r)
        if total > 0xFFFF_FFFF:
            raise Malformed(ModuleError.TOO_MANY_LOCALS, at)
        read_value_type(m, r)
    if total > MAX_LOCALS:
        raise Invalid(ModuleError.LIMIT_LOCALS, body.locals.start)
    body.local_count = u32(total)
    body.locals.end = r.position
    body.code.start = r.position
    body.code.end = r.end
    r.position = r.end
