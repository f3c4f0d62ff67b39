"""`Config`: what an `Engine` is made with."""

import os
from types import NoneType
from typing import Any, Final

from fusee.api.errors import FuseeError
from fusee.spec.features import WASM_3, Feature

DEFAULT_STACK_BYTES: Final = 8 << 20

_SWITCHES: Final = {
    "wasm_simd": Feature.SIMD,
    "wasm_relaxed_simd": Feature.RELAXED_SIMD,
    "wasm_tail_call": Feature.TAIL_CALL,
    "wasm_multi_memory": Feature.MULTI_MEMORY,
    "wasm_memory64": Feature.MEMORY64,
    "wasm_extended_const": Feature.EXTENDED_CONST,
    "wasm_function_references": Feature.FUNCTION_REFERENCES,
    "wasm_gc": Feature.GC,
    "wasm_exceptions": Feature.EXCEPTIONS,
    "wasm_threads": Feature.THREADS,
    "wasm_wide_arithmetic": Feature.WIDE_ARITHMETIC,
    "wasm_custom_page_sizes": Feature.CUSTOM_PAGE_SIZES,
}

_WITHOUT_EFFECT: Final[dict[str, type | tuple[type, ...]]] = {
    # Always on: the engine has no other way to work.
    "wasm_reference_types": bool, "wasm_bulk_memory": bool, "wasm_multi_value": bool, "gc_support": bool,
    # About generated machine code, or features that are not here; accepted so that programs move over as they are.
    "wasm_component_model": bool, "wasm_component_model_map": bool, "wasm_component_model_implements": bool,
    "wasm_relaxed_simd_deterministic": bool, "wasm_stack_switching": bool, "debug_info": bool, "strategy": str,
    "cranelift_debug_verifier": bool, "cranelift_opt_level": str, "cranelift_nan_canonicalization": bool,
    "cranelift_flag_enable": str, "profiler": str, "cache": (bool, str), "parallel_compilation": bool,
    "shared_memory": bool, "memory_may_move": bool, "memory_reservation": int, "memory_guard_size": int,
    "memory_reservation_for_growth": int, "native_unwind_info": bool, "macos_use_mach_ports": bool,
    "signals_based_traps": bool, "memory_init_cow": bool,
}  # fmt: skip


class Config:
    """Settings for an `Engine`, assigned like wasmtime-py's: `config.wasm_simd = False`.

    `wasm_*` switches act on validation. `consume_fuel` and `epoch_interruption` make guests stoppable,
    `max_wasm_stack` is the size of the guest's stack in bytes, which is never the host's, and
    `checked` selects the slower build of the engine that checks its own memory accesses, `target` (a
    triple) the build for another machine, which is then emulated: see `docs/devices.md`; `profiled`
    counts the executions of basic blocks: see `docs/tuning.md`. Settings that only a
    just-in-time compiler has are accepted and do nothing.
    """

    features: Feature
    consume_fuel: bool
    epoch_interruption: bool
    max_wasm_stack: int
    checked: bool
    profiled: bool
    target: str | None

    def __init__(self) -> None:
        values = self.__dict__
        values["features"] = WASM_3
        values["consume_fuel"] = values["epoch_interruption"] = values["profiled"] = False
        values["max_wasm_stack"] = DEFAULT_STACK_BYTES
        values["target"] = None
        values["checked"] = os.environ.get("FUSEE_CHECKED", "") not in ("", "0")

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _SWITCHES:
            _expect(name, value, bool)
            feature = _SWITCHES[name]
            self.__dict__["features"] = self.features | feature if value else self.features & ~feature
        elif name in _WITHOUT_EFFECT:
            _expect(name, value, _WITHOUT_EFFECT[name])
        elif name == "max_wasm_stack":
            _expect(name, value, int)
            if value < 1 << 12:
                raise FuseeError(f"max_wasm_stack: {value} bytes are too few")
            self.__dict__[name] = value
        elif name == "target":
            _expect(name, value, (str, NoneType))
            self.__dict__[name] = value
        elif name in ("consume_fuel", "epoch_interruption", "checked", "profiled"):
            _expect(name, value, bool)
            self.__dict__[name] = value
        else:
            raise AttributeError(f"Config has no setting {name!r}")

    def cranelift_flag_set(self, key: str, value: str) -> None:
        """Accepted and without effect."""


def _expect(name: str, value: object, kind: type | tuple[type, ...]) -> None:
    if not isinstance(value, kind):
        wanted = " or ".join(k.__name__ for k in (kind if isinstance(kind, tuple) else (kind,)))
        raise TypeError(f"{name}: expected {wanted}")
