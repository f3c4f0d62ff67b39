"""The modules that a store keeps as long as it lives, and what types mean in it that modules declare."""

from fusee.engine.capi.module import obtain
from fusee.engine.capi.state import ModuleObject, Source, StoreObject, ValType
from fusee.engine.errors import Exhausted
from fusee.engine.runtime.holdings import Limit
from fusee.engine.state.module import AGGREGATE, Module
from fusee.engine.subtyping import canonical_value_type
from fusee.kernel.lang import cast, is_null, kernel, u32


@kernel
def hold_module(s: StoreObject, module: ModuleObject) -> ModuleObject:
    """The module, or if it is another store's the same one in this store's world; null if there is no memory.

    It lives as long as the store: even a failed instantiation may leave functions in tables.
    """
    if module.world != s.world:
        return module_from(s, module.source)
    if not module.is_held:
        module.is_held = True
        module.count += 1
    return module


@kernel
def module_from(s: StoreObject, source: Source) -> ModuleObject:
    """A module of this store's that was made of a binary, or is made of it now; held, and null likewise."""
    at = s.world.modules
    while at != 0:
        if cast(ModuleObject, at).source == source:
            return hold_module(s, cast(ModuleObject, at))
        at = cast(ModuleObject, at).older
    made = obtain(s, source)
    if not is_null(made):
        made.is_held = True
    return made


@kernel
def declaring(s: StoreObject, source: Source) -> Module:
    """The module that a type was read from, as the store has it: its types are the store's from now on."""
    found = module_from(s, source)
    if is_null(found):
        raise Exhausted(Limit.SYSTEM, 0)
    return found.module


@kernel
def code_of(s: StoreObject, type: ValType) -> u32:  # noqa: A002
    """A value type as the store's engine writes it, canonical."""
    if is_null(type.source):
        return type.code
    return canonical_value_type(declaring(s, type.source), type.code & ~AGGREGATE)
