"""All that the device library exports: the kernels that say so themselves, and families that share one."""

import importlib
from typing import Any, Final

from fusee.engine.capi import counts, module, named_types, refs, trap, types, vectors
from fusee.engine.capi.state import (
    KIND_ANY,
    KIND_EXN,
    KIND_FOREIGN,
    KIND_FUNC,
    KIND_GLOBAL,
    KIND_INSTANCE,
    KIND_MEMORY,
    KIND_MODULE,
    KIND_TABLE,
    KIND_TAG,
    KIND_TRAP,
)
from fusee.engine.present import HAS_AGGREGATES, HAS_EXCEPTIONS, HAS_THREADS, HAS_WASI
from fusee.kernel.lang import Instance, Kernel, exported

MODULES: Final = (
    "engine",
    "limits",
    "interrupt",
    "vectors",
    "values",
    "types",
    "named_types",
    "module",
    "refs",
    "trap",
    "foreign",
    "func",
    "call",
    "memory",
    *(("shared",) if HAS_THREADS else ()),
    "table",
    "globals",
    "tag",
    *(("exn",) if HAS_EXCEPTIONS else ()),
    "extern",
    "instance",
    *(("anyref",) if HAS_AGGREGATES else ()),
    *(("wasi.config", "wasi.imports") if HAS_WASI else ()),
)

TYPES: Final = ("func", "global", "table", "memory", "tag")
"""The kinds of externs, in `wasm.h`'s order. Each is a kind of objects, and one of types."""

KINDS: Final = {
    "func": KIND_FUNC,
    "global": KIND_GLOBAL,
    "table": KIND_TABLE,
    "memory": KIND_MEMORY,
    "tag": KIND_TAG,
    "instance": KIND_INSTANCE,
    "foreign": KIND_FOREIGN,
    "trap": KIND_TRAP,
    "module": KIND_MODULE,
}
"""What a `wasm_ref_t` may be, beside an extern."""

_TYPE: Final = (types.copy_externtype, types.delete_externtype)
_NAMED: Final = (named_types.copy_named, named_types.delete_named)

VECTORS: Final[dict[str, tuple[Kernel[..., Any], Kernel[..., Any]]]] = {
    "valtype": (types.copy_valtype, types.delete_valtype),
    **{f"{name}type": _TYPE for name in (*TYPES, "extern")},
    "importtype": _NAMED,
    "exporttype": _NAMED,
    "extern": (refs.copy_ref, refs.delete_ref),
    "frame": (trap.copy_frame, trap.delete_frame),
}
"""How to copy and delete the elements of each kind of vector of pointers, and one by one."""


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


def _type_functions() -> list[Instance]:
    """What types have in common; conversions also for constant pointers."""
    made = [
        exported("wasm_importtype_name", named_types.named_name),
        exported("wasm_exporttype_name", named_types.named_name),
        exported("wasm_importtype_type", named_types.named_type),
        exported("wasm_exporttype_type", named_types.named_type),
        exported("wasm_globaltype_content", types.content_of),
        exported("wasm_tabletype_element", types.content_of),
        exported("wasm_tabletype_limits", types.limits_of),
        exported("wasm_memorytype_limits", types.limits_of),
    ]
    for name in TYPES:
        for const in ("", "_const"):
            made += [
                exported(f"wasm_{name}type_as_externtype{const}", types.as_externtype),
                exported(f"wasm_externtype_as_{name}type{const}", types.from_externtype, kind=KINDS[name]),
            ]
    return made


def _ref_functions() -> list[Instance]:
    """What all objects have in common; conversions also for constant pointers."""
    made = []
    for name in ("ref", "extern", *KINDS):
        made += [
            exported(f"wasm_{name}_copy", refs.copy_ref),
            exported(f"wasm_{name}_delete", refs.delete_ref),
            exported(f"wasm_{name}_same", refs.same_ref),
            exported(f"wasm_{name}_get_host_info", refs.get_host_info),
            exported(f"wasm_{name}_set_host_info", refs.set_host_info),
            exported(f"wasm_{name}_set_host_info_with_finalizer", refs.set_finalized_info),
        ]
    for const in ("", "_const"):
        made += [exported(f"wasm_{name}_as_ref{const}", refs.as_ref) for name in ("extern", *KINDS)]
        made += [exported(f"wasm_ref_as_{name}{const}", refs.from_ref, kind=kind) for name, kind in KINDS.items()]
        made += [exported(f"wasm_{name}_as_extern{const}", refs.as_ref) for name in TYPES]
        made += [exported(f"wasm_extern_as_{name}{const}", refs.from_ref, kind=KINDS[name]) for name in TYPES]
        made.append(exported(f"wasm_ref_as_extern{const}", refs.extern_from_ref))
    return made


def _guest_functions() -> list[Instance]:
    """What exceptions and objects of guests have in common with other references, but that they have no host info."""
    made = []
    kinds = {"exn": KIND_EXN} if HAS_EXCEPTIONS else {}
    for name, kind in (kinds | ({"any": KIND_ANY} if HAS_AGGREGATES else {})).items():
        made += [
            exported(f"fusee_{name}_copy", refs.copy_ref),
            exported(f"fusee_{name}_delete", refs.delete_ref),
            exported(f"fusee_{name}_same", refs.same_ref),
            exported(f"fusee_{name}_as_ref", refs.as_ref),
            exported(f"fusee_ref_as_{name}", refs.from_ref, kind=kind),
        ]
    return made


def _module_functions() -> list[Instance]:
    return [
        exported("wasm_module_new", module.new_module),
        exported("wasm_module_deserialize", module.new_module),
        exported("wasm_shared_module_delete", counts.drop_source),
    ]


def _declared() -> list[Kernel[..., Any]]:
    made = []
    for name in MODULES:
        part = importlib.import_module(f"fusee.engine.capi.{name}")
        kernels = [value for value in vars(part).values() if isinstance(value, Kernel)]
        made += [kernel for kernel in kernels if kernel.export and kernel.module == part.__name__]
    return made


EXPORTS: Final[tuple[Kernel[..., Any] | Instance, ...]] = (
    *_declared(),
    *dict.fromkeys(
        [*_vector_functions(), *_type_functions(), *_ref_functions(), *_guest_functions(), *_module_functions()]
    ),
)
