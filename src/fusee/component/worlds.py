"""Worlds that are written as WIT: the text is encoded by a library, and read as a component whose exports are types.

An encoded package exports each of its interfaces and worlds, as the type of a component that exports just that under
its full name (the component model's "WIT.md", "Package format").
"""

from fusee.api.engine import Engine
from fusee.api.errors import WasmtimeError
from fusee.component.component import Component
from fusee.component.items import ComponentType, shown


def worlds_of(engine: Engine, package: bytes) -> dict[str, ComponentType]:
    """The worlds of a package that is encoded, by their names: what each imports and exports.

    Raises what `Component` raises; `WasmtimeError` if the component is no package.
    """
    found: dict[str, ComponentType] = {}
    for name, item in Component(engine, package).type._exports.items():
        package_item = shown(item)
        inner = list(package_item._exports.values()) if isinstance(package_item, ComponentType) else []
        if len(inner) != 1:
            raise WasmtimeError(f"not an encoded WIT package: its export `{name}` is no interface or world")
        world = shown(inner[0])
        if isinstance(world, ComponentType):
            found[name] = world
    return found
