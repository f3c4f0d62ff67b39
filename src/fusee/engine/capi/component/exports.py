"""What this part of the library exports."""

from types import ModuleType
from typing import Final

from fusee.engine.capi.component import calls, components, drops, instances, owners, values
from fusee.engine.capi.component.format import Kind
from fusee.engine.capi.component.http import fields, functions, handler
from fusee.engine.capi.component.wasi import interfaces
from fusee.kernel.build import Program
from fusee.kernel.lang import Kernel, exported

MODULES: Final = (values, components, instances, calls, drops, owners, interfaces)

HTTP_MODULES: Final = (functions, fields, handler)


def _program(name: str, modules: tuple[ModuleType, ...]) -> Program:
    kernels = [
        kernel
        for module in modules
        for kernel in vars(module).values()
        if isinstance(kernel, Kernel) and kernel.export and kernel.module == module.__name__
    ]
    return Program(
        name,
        [
            *kernels,
            exported("fusee_value_new_list", values.new_parts, kind=int(Kind.LIST)),
            exported("fusee_value_new_record", values.new_parts, kind=int(Kind.RECORD)),
        ],
    )


COMPONENT_PROGRAM: Final = _program("fusee-component", MODULES)
HTTP_PROGRAM: Final = _program("fusee-component-http", (*MODULES, *HTTP_MODULES))
"""The same for libraries whose components import `wasi:http`."""
