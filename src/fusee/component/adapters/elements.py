"""The module that copies elements of a stream or a future between two memories (CanonicalABI, "Buffer State")."""

from fusee.component.adapters.assembler import Assembler
from fusee.component.adapters.call import EXPORT, Adapter, Copy, MovedHandle
from fusee.component.adapters.direction import Direction
from fusee.component.adapters.values import Values
from fusee.component.types.valtype import ASYNCHRONOUS, HANDLE, POINTER


def make_copier(copy: Copy, most_bytes: int) -> Adapter:
    """A function of source, end of the source and target. Raises `assembler.TooLargeError`."""
    module = Assembler(most_bytes)
    for name in ("source", "target"):
        module.import_memory(name)
    module.import_global("target_leave")
    if copy.has_realloc:
        module.import_function("target_realloc", ("i32",) * 4, ("i32",))
    module.import_function("fail", ("i32", "i32"), ())
    flags = copy.element[0]._flags
    if flags & (HANDLE | ASYNCHRONOUS):
        module.import_function("handle", ("i32", "i32"), ("i32",))
    if flags & POINTER:
        module.import_function("element_string", ("i32", "i32"), ("i32", "i32"))
    direction = Direction(module, "element", "source", "target", copy.encodings)
    handles: list[MovedHandle] = []
    params = {"source": "i32", "last": "i32", "target": "i32"}
    code = module.function(EXPORT, params, (), direction.sides)
    Values(direction, handles).copy_elements(code, copy.element, "local.get last")
    return Adapter(module.finish(EXPORT), tuple(module.imports), tuple(handles))
