"""Function bodies: locals, then instructions (spec 3.4.12, 3.5.1)."""

from fusee.engine.arena import grow_buffer
from fusee.engine.decode.instruction import BLOCK_INDEXED
from fusee.engine.decode.reader import read_u32
from fusee.engine.decode.types import read_value_type
from fusee.engine.present import HAS_VECTORS
from fusee.engine.state.module import NONE, Body
from fusee.engine.validate.control import open_control
from fusee.engine.validate.fixed import memory_address_type
from fusee.engine.validate.instruction import validate_instructions
from fusee.engine.validate.state import (
    BOTTOM,
    KIND_BLOCK,
    NEAR_LOCALS,
    LocalRun,
    Validator,
    check_value_type,
    grow_operands,
    is_defaultable,
)  # fmt: skip
from fusee.kernel.lang import Ptr, cast, kernel, minimum, size_of, span, u32, u64, unlikely
from fusee.spec.limits import MAX_LOCALS, MAX_PARAMS


@kernel
def validate_bodies(v: Validator, start: u32, end: u32) -> None:
    """Those with these numbers, the last one not included."""
    m = v.module
    v.is_constant = False
    v.address_type_0 = NONE if m.memory_count == 0 else memory_address_type(v, u32(0))
    if v.capacity == 0:
        grow_operands(v, u32(1))  # `validate_plain` looks below its operands, so they must be somewhere
    for i in span(start, end):
        validate_body(v, m.bodies[i])


@kernel
def validate_body(v: Validator, body: Body) -> None:
    t = v.module.types[body.type_index]
    v.param_count = t.param_count
    v.params = t.params
    v.local_count = t.param_count + body.local_count
    v.serial += 1
    v.set_count = u32(0)
    vectors = v.module.vectors
    for i in span(minimum(t.param_count, NEAR_LOCALS)):
        v.near[i] = t.params[i]
    prepare_locals(v, body)
    forget_locals(v, minimum(v.local_count, NEAR_LOCALS))
    r = v.reader
    r.position = body.code.start
    r.end = body.code.end
    v.height = u32(0)
    v.max_height = u32(0)
    v.catch_depth = u32(0)
    v.max_catch_depth = u32(0)
    open_control(v, KIND_BLOCK, BLOCK_INDEXED | body.type_index)
    validate_instructions(v)
    body.max_height = v.max_height
    body.has_vectors = HAS_VECTORS and (v.module.has_vector_types or v.module.vectors != vectors)
    body.catch_depth = v.max_catch_depth


@kernel
def prepare_locals(v: Validator, body: Body) -> None:
    """Spread out the types of near locals, and keep the runs if there are others."""
    r = v.reader
    r.position = body.locals.start
    r.end = body.locals.end
    remaining = read_u32(r)
    needed = u64(remaining) * size_of(LocalRun)
    if unlikely(needed > v.run_buffer.capacity_bytes):
        grow_buffer(v.run_buffer, needed)
        v.runs = cast(Ptr[LocalRun], v.run_buffer.data)
    v.run_count = remaining
    end = v.param_count
    for i in span(remaining):
        start = end
        end += read_u32(r)
        v.instruction = r.position
        value_type = read_value_type(v.module, r)
        check_value_type(v, value_type)
        v.runs[i].end = end
        v.runs[i].value_type = value_type
        if unlikely(not is_defaultable(value_type)):
            track_initialisation(v)
            value_type = BOTTOM
        for near in span(minimum(start, NEAR_LOCALS), minimum(end, NEAR_LOCALS)):
            v.near[near] = value_type


@kernel(inline=True)
def forget_locals(v: Validator, count: u32) -> None:
    """Those of the function before, of which there were more."""
    for near in span(count, v.near_count):
        v.near[near] = BOTTOM
    v.near_count = count


@kernel(cold=True)
def track_initialisation(v: Validator) -> None:
    """Only modules with locals that have no default value need to know which are set."""
    if v.initialised_buffer.capacity_bytes == 0:
        size = u64((MAX_LOCALS + MAX_PARAMS) * size_of(u32))
        grow_buffer(v.initialised_buffer, size)
        grow_buffer(v.set_buffer, size)
        v.initialised = cast(Ptr[u32], v.initialised_buffer.data)
        v.set_locals = cast(Ptr[u32], v.set_buffer.data)
