"""What this part of the library exports."""

from typing import Final

from fusee.engine.capi.component import calls, components, instances, owners, values
from fusee.engine.capi.component.format import Kind
from fusee.engine.capi.component.wasi import interfaces
from fusee.kernel.build import Program
from fusee.kernel.lang import Kernel, exported

MODULES: Final = (values, components, instances, calls, owners, interfaces)

_KERNELS: Final = [
    kernel
    for module in MODULES
    for kernel in vars(module).values()
    if isinstance(kernel, Kernel) and kernel.export and kernel.module == module.__name__
]

COMPONENT_PROGRAM: Final = Program(
    "fusee-component",
    [
        *_KERNELS,
        exported("fusee_value_new_list", values.new_parts, kind=int(Kind.LIST)),
        exported("fusee_value_new_record", values.new_parts, kind=int(Kind.RECORD)),
    ],
)
