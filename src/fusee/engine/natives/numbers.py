"""What native code knows the helpers by, and of kernels. Not beside these: who writes it needs none of what they do."""

from typing import Final

WITH_VECTORS: Final = ("array_new", "array_new_fixed", "array_fill")
"""Those that may have vectors among their operands: then each has two slots."""

WIDE: Final = "_wide"  # how the names of these end

NAMES: Final = (
    "note_first", "note_further", "call_function", "call_reference", "call_of_type", "check_callee", "call_handed_over",
    "throw", "throw_ref", "catch", "poll", "pay", "new_cell", "overwritten", "memory_grow", "memory_fill",
    "memory_copy", "memory_init", "data_drop", "table_get", "table_set", "table_grow", "table_fill", "table_copy",
    "table_init", "elem_drop", "i64_add128", "i64_sub128", "i64_mul_wide_s", "i64_mul_wide_u", "array_new",
    "array_new_default", "array_new_fixed", "array_new_data", "array_new_elem", "array_fill", "array_copy",
    "array_init_data", "array_init_elem", *(f"{name}{WIDE}" for name in WITH_VECTORS),
    "atomic_wait", "atomic_notify",
)  # fmt: skip
"""`engine.natives.helpers`, in the order of their table."""

NUMBER: Final = {name: number for number, name in enumerate(NAMES)}

UNCHANGING: Final = frozenset({
    "first_memory", "other_memory", "fixed_base_of", "table_at", "elements_of", "imported_global", "function_at",
    "instance_of", "type_id", "id_of_type", "helper_at", "store_of", "wish", "fuel_place",
})  # fmt: skip
"""Kernels of `engine.natives.inlined` that load only what stays as it is once code of the instance runs."""
