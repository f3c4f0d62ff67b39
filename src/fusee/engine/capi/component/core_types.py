"""The types of the core functions that steps make."""

from fusee.engine.capi.component import capi
from fusee.engine.capi.component.access import function_row, import_row, type_row
from fusee.engine.capi.component.calls import FLAT_MASK
from fusee.engine.capi.component.format import (
    FLAT_BITS,
    MOST_FLAT_ASYNC_PARAMS,
    MOST_FLAT_PARAMS,
    NONE,
    TASK_PARAMS,
    TASK_RESULTS,
    FunctionRow,
    Step,
    StepRow,
)
from fusee.engine.capi.component.state import Instance
from fusee.engine.capi.state import VAL_I32, Vector
from fusee.kernel.lang import (
    Ptr,
    cast,
    kernel,
    span,
    stack_array,
    u8,
    u32,
    usize,
)


@kernel
def core_type(instance: Instance, step: StepRow) -> usize:
    """The type of the core function that a step makes; 0 if there is no memory for it."""
    vectors = stack_array(Vector, 2)
    capi.new_valtypes(vectors[0], usize(param_count(instance, step)))
    capi.new_valtypes(vectors[1], usize(result_count(instance, step)))
    for i in span(u32(vectors[0].size)):
        cast(Ptr[usize], vectors[0].data)[i] = capi.new_valtype(param_kind(instance, step, i))
    for i in span(u32(vectors[1].size)):
        cast(Ptr[usize], vectors[1].data)[i] = capi.new_valtype(result_kind(instance, step))
    return capi.new_functype(vectors[0], vectors[1])


@kernel
def function_of(instance: Instance, step: StepRow) -> FunctionRow:
    number = step.a if step.step == Step.RETURN else import_row(instance.component, step.a).function
    return function_row(instance.component, number)


@kernel
def has_function(step: StepRow) -> bool:
    """Whether the core function's type comes from a function's."""
    return step.step == Step.LOWER or step.step == Step.START or step.step == Step.RETURN


@kernel
def most_flat(step: StepRow) -> u32:
    """How many core values parameters are at most that do not lie in memory."""
    return MOST_FLAT_ASYNC_PARAMS if step.step == Step.START else MOST_FLAT_PARAMS


@kernel
def flat_count(instance: Instance, function: FunctionRow, step: StepRow) -> u32:
    """How many core values the parameters are, or one, the pointer."""
    flat = type_row(instance.component, function.params).flat
    return flat if flat <= most_flat(step) else u32(1)


@kernel
def is_indirect(instance: Instance, function: FunctionRow, step: StepRow) -> bool:
    """Whether the result is put where a pointer says."""
    if function.result == NONE:
        return False
    return step.step == Step.START or type_row(instance.component, function.result).flat != 1


@kernel
def param_count(instance: Instance, step: StepRow) -> u32:
    if step.step == Step.TASK:
        return u32(TASK_PARAMS[step.a])
    if not has_function(step):
        return u32(1)
    function = function_of(instance, step)
    return flat_count(instance, function, step) + u32(is_indirect(instance, function, step))


@kernel
def param_kind(instance: Instance, step: StepRow, number: u32) -> u8:
    if not has_function(step) or number >= MOST_FLAT_PARAMS:
        return VAL_I32
    function = function_of(instance, step)
    flat = type_row(instance.component, function.params).flat
    is_flat = flat <= most_flat(step) and number < flat
    return u8(function.param_kinds >> FLAT_BITS * number & FLAT_MASK) if is_flat else VAL_I32


@kernel
def result_count(instance: Instance, step: StepRow) -> u32:
    if step.step == Step.TASK:
        return u32(TASK_RESULTS[step.a])
    if step.step != Step.LOWER:
        return u32(step.step != Step.DROP and step.step != Step.RETURN)
    function = function_of(instance, step)
    return u32(function.result != NONE and not is_indirect(instance, function, step))


@kernel
def result_kind(instance: Instance, step: StepRow) -> u8:
    return u8(function_of(instance, step).result_kind) if step.step == Step.LOWER else VAL_I32
