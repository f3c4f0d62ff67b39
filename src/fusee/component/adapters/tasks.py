"""The module of an adapter for a call that is a task (CanonicalABI, "canon lift" and "canon lower").

Its first function copies the arguments when the callee begins, and calls that; the guest may wait in it. The second one
is given the core values of the result, when there is one, and where the caller wants it, and takes it there. An
exception goes through both to who has called them.
"""

from fusee.component.adapters.assembler import Assembler
from fusee.component.adapters.call import EXPORT, RESULT, Adapter, MovedHandle, TaskCall
from fusee.component.adapters.passing import (
    directions,
    import_hosts,
    import_memories,
    import_reallocs,
    pass_arguments,
    pass_result,
)
from fusee.component.layout import (
    MOST_FLAT_PARAMS,
    MOST_FLAT_RESULTS,
    flatten_function,
    flatten_lifted,
    flatten_params,
)


def make_task_adapter(call: TaskCall, most_bytes: int) -> Adapter:
    """The adapter of a call, which has about so many bytes at the most. Raises `assembler.TooLargeError`."""
    module, lifted, lowered = Assembler(most_bytes), call.callee.type, call.caller.type
    import_memories(module, call)
    theirs = [ty for _, ty in lifted._params]
    core = flatten_lifted(theirs, lifted._result, call.is_lifted_async, call.has_callback)
    module.import_function("core", *core)
    import_reallocs(module, call)
    import_hosts(module, call)
    inward, outward = directions(module, call)
    handles: list[MovedHandle] = []
    params, results = flatten_function([ty for _, ty in lowered._params], lowered._result, call.is_lowered_async)
    names = {f"p{i}": kind for i, kind in enumerate(params)}
    first = len(module.functions)
    code = module.function(EXPORT, names, core[1], inward.sides)
    pass_arguments(code, inward, call, list(names), handles)
    code.emit("call core")
    exported = [EXPORT]
    if lifted._result is not None:
        exported.append(RESULT)
        given = flatten_params([lifted._result], MOST_FLAT_PARAMS if call.is_lifted_async else MOST_FLAT_RESULTS)
        has_pointer = call.is_lowered_async or not results
        slots = {f"g{i}": kind for i, kind in enumerate(given)}
        pointer = {"pointer": "i32"} if has_pointer else {}
        code = module.function(RESULT, slots | pointer, [] if has_pointer else results, outward.sides)
        pass_result(code, outward, call, list(slots), "pointer" if has_pointer else None, handles)
    return Adapter(module.finish(*exported), tuple(module.imports), tuple(handles), frozenset({first}))
