"""The functions of the standard WebAssembly C API by family: 280 of a library, and 26 short forms in its header."""

from typing import Final

EXTERNS: Final = ("func", "global", "table", "memory")
TYPES: Final = ("valtype", *(f"{name}type" for name in EXTERNS), "externtype", "importtype", "exporttype")
REFS: Final = (*EXTERNS, "extern", "instance", "module", "trap", "foreign")

VECTORS: Final = ("byte", "val", "frame", "extern", *TYPES)
COPIED: Final = (*TYPES, *REFS, "ref", "frame", "val")
OWNED: Final = (*COPIED, "config", "engine", "store", "shared_module")

VECTOR_FUNCTIONS: Final = ("new_empty", "new_uninitialized", "new", "copy", "delete")
INFO: Final = ("same", "get_host_info", "set_host_info", "set_host_info_with_finalizer")

OTHERS: Final = {
    "config": "new",
    "engine": "new new_with_config",
    "store": "new",
    "valtype": "new kind",
    "functype": "new params results",
    "globaltype": "new content mutability",
    "tabletype": "new element limits",
    "memorytype": "new limits",
    "externtype": "kind",
    "importtype": "new module name type",
    "exporttype": "new name type",
    "frame": "instance func_index func_offset module_offset",
    "trap": "new message origin trace",
    "foreign": "new",
    "module": "new validate imports exports serialize deserialize share obtain",
    "func": "new new_with_env type param_arity result_arity call",
    "global": "new type get set",
    "table": "new type get set size grow",
    "memory": "new type data data_size size grow",
    "extern": "kind type",
    "instance": "new exports",
}
"""What each has of its own."""

SHORT: Final = {
    "name": "new_from_string new_from_string_nt",
    "val": "init_ptr ptr",
    "valkind": "is_num is_ref",
    "valtype": "is_num is_ref new_i32 new_i64 new_f32 new_f64 new_externref new_funcref",
    "functype": " ".join(f"new_{params}_{results}" for params in range(4) for results in range(3)),
}


def _named(functions: dict[str, str]) -> set[str]:
    return {f"wasm_{name}_{function}" for name, all_ in functions.items() for function in all_.split()}


def _conversions(general: str, special: str) -> set[str]:
    pairs = ((special, general), (general, special))
    return {f"wasm_{a}_as_{b}{const}" for a, b in pairs for const in ("", "_const")}


def defined() -> set[str]:
    """What has to be in a library."""
    names = _named(OTHERS)
    names |= {f"wasm_{name}_vec_{function}" for name in VECTORS for function in VECTOR_FUNCTIONS}
    names |= {f"wasm_{name}_delete" for name in OWNED}
    names |= {f"wasm_{name}_copy" for name in COPIED}
    names |= {f"wasm_{name}_{function}" for name in (*REFS, "ref") for function in INFO}
    names |= {name for special in REFS for name in _conversions("ref", special)}
    names |= {name for special in EXTERNS for name in _conversions("extern", special)}
    return names | {name for special in EXTERNS for name in _conversions("externtype", f"{special}type")}


def added() -> set[str]:
    """What has to be there under such names beside the standard: tags, as Wasmtime's header has them, and vectors."""
    kinds = ("tag", "tagtype")
    names = _named({"tag": "new type", "tagtype": "new functype", "v128": "new copy delete"})
    names |= {f"wasm_tagtype_vec_{function}" for function in VECTOR_FUNCTIONS}
    names |= {f"wasm_{kind}_{function}" for kind in kinds for function in ("copy", "delete")}
    names |= {f"wasm_tag_{function}" for function in INFO}
    pairs = (("ref", "tag"), ("extern", "tag"), ("externtype", "tagtype"))
    return names.union(*(_conversions(general, special) for general, special in pairs))


def inline() -> set[str]:
    """What the header itself defines."""
    return _named(SHORT)
