"""All that the device library exports: the kernels that say so themselves, and families that share one."""

import importlib
from typing import Any, Final

from fusee.engine.capi import refs, trap, types, vectors
from fusee.engine.capi.state import KIND_FUNC, KIND_GLOBAL, KIND_MEMORY, KIND_TABLE
from fusee.kernel.lang import Instance, Kernel, exported

MODULES: Final = (
    "engine",
    "limits",
    "vectors",
    "values",
    "types",
    "module",
    "refs",
    "trap",
    "func",
    "memory",
    "table",
    "globals",
    "extern",
    "instance",
    "wasi.config",
    "wasi.imports",
)

VECTORS: Final[dict[str, tuple[Kernel[..., Any], Kernel[..., Any]]]] = {
    "valtype": (types.copy_valtype, types.delete_valtype),
    "externtype": (types.copy_externtype, types.delete_externtype),
    "importtype": (types.copy_named, types.delete_named),
    "exporttype": (types.copy_named, types.delete_named),
    "extern": (refs.copy_extern, refs.delete_extern),
    "frame": (trap.copy_frame, trap.delete_frame),
}
"""How to copy and delete the elements of each kind of vector of pointers, and one by one."""

KINDS: Final = {"func": KIND_FUNC, "global": KIND_GLOBAL, "table": KIND_TABLE, "memory": KIND_MEMORY}


def _vector_functions() -> list[Instance]:
    made = []
    for name, (copy, destroy) in VECTORS.items():
        prefix = f"wasm_{name}_vec"
        made += [
            exported(f"{prefix}_new_empty", vectors.new_empty),
            exported(f"{prefix}_new_uninitialized", vectors.new_vector),
            exported(f"{prefix}_new", vectors.new_owner, destroy=destroy),
            exported(f"{prefix}_copy", vectors.copy_vector, copy=copy, destroy=destroy),
            exported(f"{prefix}_delete", vectors.delete_vector, destroy=destroy),
            exported(f"wasm_{name}_copy", copy),
            exported(f"wasm_{name}_delete", destroy),
        ]
    return made


def _conversions() -> list[Instance]:
    """Between the four kinds and what they have in common, of objects and of types; also for constant pointers."""
    made = [
        exported("wasm_importtype_name", types.named_name),
        exported("wasm_exporttype_name", types.named_name),
        exported("wasm_importtype_type", types.named_type),
        exported("wasm_exporttype_type", types.named_type),
        exported("wasm_tabletype_limits", types.limits_of),
        exported("wasm_memorytype_limits", types.limits_of),
    ]
    for name, kind in KINDS.items():
        for const in ("", "_const"):
            made += [
                exported(f"wasm_{name}_as_extern{const}", refs.as_extern),
                exported(f"wasm_extern_as_{name}{const}", refs.from_extern, kind=kind),
                exported(f"wasm_{name}type_as_externtype{const}", types.as_externtype),
                exported(f"wasm_externtype_as_{name}type{const}", types.from_externtype, kind=kind),
                exported(f"wasm_{name}_as_ref{const}", refs.as_extern),
            ]
        made += [
            exported(f"wasm_{name}type_copy", types.copy_externtype),
            exported(f"wasm_{name}type_delete", types.delete_externtype),
        ]
    for name in (*KINDS, "instance"):
        made += [
            exported(f"wasm_{name}_copy", refs.copy_extern),
            exported(f"wasm_{name}_delete", refs.delete_extern),
            exported(f"wasm_{name}_same", refs.same_ref),
        ]
    made += [
        exported("wasm_ref_as_func", refs.from_extern, kind=KIND_FUNC),
        exported("wasm_extern_same", refs.same_ref),
    ]
    return [*made, exported("wasm_ref_copy", refs.copy_extern), exported("wasm_ref_delete", refs.delete_extern)]


def _declared() -> list[Kernel[..., Any]]:
    made = []
    for name in MODULES:
        module = importlib.import_module(f"fusee.engine.capi.{name}")
        kernels = [value for value in vars(module).values() if isinstance(value, Kernel)]
        made += [kernel for kernel in kernels if kernel.export and kernel.module == module.__name__]
    return made


EXPORTS: Final[tuple[Kernel[..., Any] | Instance, ...]] = (
    *_declared(),
    *dict.fromkeys([*_vector_functions(), *_conversions()]),
)
