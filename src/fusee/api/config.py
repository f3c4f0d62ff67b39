"""`Config`: what an `Engine` is made with."""

import os
from types import NoneType
from typing import Any, Final

from fusee.api.errors import ArgumentError, WasmtimeError
from fusee.api.managed import Managed, expect, refuse_closed, shown
from fusee.spec.features import DEFAULT_FEATURES, Feature

DEFAULT_STACK_BYTES: Final = 8 << 20
DEFAULT_STRATEGY: Final = "auto"

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
    "wasm_legacy_exceptions": Feature.LEGACY_EXCEPTIONS,
    "wasm_compact_imports": Feature.COMPACT_IMPORTS,
    "wasm_threads": Feature.THREADS,
    "wasm_wide_arithmetic": Feature.WIDE_ARITHMETIC,
    "wasm_custom_page_sizes": Feature.CUSTOM_PAGE_SIZES,
}

_KEPT: Final[dict[str, type | tuple[type, ...]]] = {
    "consume_fuel": bool, "epoch_interruption": bool, "checked": bool, "profiled": bool, "max_wasm_stack": int,
    "target": (str, NoneType), "strategy": str, "wasm_relaxed_simd_deterministic": bool,
}  # fmt: skip

_WITHOUT_EFFECT: Final[dict[str, type | tuple[type, ...]]] = {
    # Always on: the engine has no other way to work.
    "wasm_reference_types": bool, "wasm_bulk_memory": bool, "wasm_multi_value": bool, "gc_support": bool,
    # About generated machine code, or features that are not here; accepted so that programs move over as they are.
    "wasm_component_model": bool, "wasm_component_model_map": bool, "wasm_component_model_implements": bool,
    "wasm_stack_switching": bool, "debug_info": bool,
    "cranelift_debug_verifier": bool, "cranelift_opt_level": str, "cranelift_nan_canonicalization": bool,
    "profiler": str, "cache": (bool, str), "parallel_compilation": bool,
    "shared_memory": bool, "memory_may_move": bool, "memory_reservation": int, "memory_guard_size": int,
    "memory_reservation_for_growth": int, "native_unwind_info": bool, "macos_use_mach_ports": bool,
    "signals_based_traps": bool, "memory_init_cow": bool,
}  # fmt: skip

_CHOICES: Final = {
    "strategy": ("auto", "cranelift", "interpreter", "native", "tiered"),
    "cranelift_opt_level": ("none", "speed", "speed_and_size"),
    "profiler": ("none", "jitdump", "vtune", "perfmap"),
}


_SETTINGS: Final = {**_SWITCHES, **_KEPT, **_WITHOUT_EFFECT}


class Config(Managed):
    """Settings for an `Engine`, assigned like wasmtime-py's: `config.wasm_simd = False`.

    A setting is checked when it is made: `AttributeError` if there is none of that name, `ArgumentError` for a value of
    another type, `WasmtimeError` for another value than those that there are, `ValueError` once the config is used up.

    `wasm_*` switches are bools and act on validation. `consume_fuel` and `epoch_interruption`, bools, make guests
    stoppable; `max_wasm_stack` is the size of the guest's stack in bytes. `strategy` is "tiered": what is hot is
    compiled while it runs (`docs/native.md`); "native": modules are compiled when they are made; or "interpreter".
    "auto" and "cranelift" mean "tiered" on Linux for x86-64, if there are two processors, a process can be started
    for that, and threads have 512 KiB of stack; and "interpreter" elsewhere, or with `consume_fuel`. Not in
    wasmtime-py: `checked`, a bool, selects the slower build of the engine that checks its own memory accesses;
    `profiled`, a bool, counts the executions of basic blocks (`docs/tuning.md`). `target`, a triple, selects the build
    for another machine, which is then emulated (`docs/devices.md`). `wasm_relaxed_simd_deterministic`, a bool, is True
    unless it is changed: of the results that relaxed instructions may give, these are then those of the specification's
    deterministic profile, the same on every machine. If it is False, the machine's cheaper answer is taken where there
    is one (`docs/python-api.md`).
    Settings that only a just-in-time compiler has are accepted and do nothing.
    """

    _is_used_up: bool
    _features: Feature
    consume_fuel: bool
    epoch_interruption: bool
    max_wasm_stack: int
    checked: bool
    profiled: bool
    target: str | None
    strategy: str
    wasm_relaxed_simd_deterministic: bool

    def __init__(self) -> None:
        """The usual settings: all of WebAssembly 3.0, nothing that stops guests, a stack of 8 MiB."""
        values = self.__dict__
        values["_is_used_up"] = False
        values["_features"] = DEFAULT_FEATURES
        values["consume_fuel"] = values["epoch_interruption"] = values["profiled"] = False
        values["max_wasm_stack"] = DEFAULT_STACK_BYTES
        values["target"] = None
        values["strategy"] = DEFAULT_STRATEGY
        values["wasm_relaxed_simd_deterministic"] = True
        values["checked"] = os.environ.get("FUSEE_CHECKED", "") not in ("", "0")

    def close(self) -> None:
        """Make it unusable, as an engine that is made with it does."""
        self.__dict__["_is_used_up"] = True

    def _consume(self) -> None:
        if self._is_used_up:
            refuse_closed()
        self.close()

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in _SETTINGS:
            raise AttributeError(f"Config has no setting {name!r}")
        if self._is_used_up:
            refuse_closed()
        if name in _SWITCHES:
            expect_setting(name, value, bool)
            feature = _SWITCHES[name]
            self.__dict__["_features"] = self._features | feature if value else self._features & ~feature
        elif name in _KEPT:
            expect_setting(name, value, _KEPT[name])
            _check_kept(name, value)
            self.__dict__[name] = value
        else:
            expect_setting(name, value, _WITHOUT_EFFECT[name])
            _check_without_effect(name, value)

    def cranelift_flag_enable(self, flag: str) -> None:
        """Without effect: there is no Cranelift here. Raises `ArgumentError` unless `flag` is a str."""
        expect(flag, str, "a str")

    def cranelift_flag_set(self, key: str, value: str) -> None:
        """Without effect: there is no Cranelift here. Raises `ArgumentError` unless both are strs."""
        expect(key, str, "a str for the key")
        expect(value, str, "a str for the value")


def _check_kept(name: str, value: Any) -> None:
    _check_choice(name, value)
    if name == "max_wasm_stack" and value < 1 << 12:
        raise WasmtimeError(f"max_wasm_stack: {value} bytes are too few")
    if name == "target" and value is not None:
        from fusee.kernel.target import Target

        try:
            Target.parse(value)
        except ValueError as error:
            raise WasmtimeError(str(error)) from None


def _check_choice(name: str, value: Any) -> None:
    if name in _CHOICES and value not in _CHOICES[name]:
        raise WasmtimeError(f"{name}: {shown(value)} is none of {', '.join(_CHOICES[name])}")


def _check_without_effect(name: str, value: Any) -> None:
    _check_choice(name, value)
    if name == "cache" and value is False:
        raise WasmtimeError("caching cannot be explicitly disabled")
    if name == "cache" and isinstance(value, str):
        import tomllib

        try:
            with open(value, "rb") as file:
                tomllib.load(file)
        except (OSError, tomllib.TOMLDecodeError) as error:
            raise WasmtimeError(f"cache: {value}: {error}") from None


def expect_setting(name: str, value: object, kind: type | tuple[type, ...]) -> None:
    """Raise `ArgumentError` unless the value of a setting is of a kind. A bool is no number."""
    kinds = kind if isinstance(kind, tuple) else (kind,)
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        wanted = " or ".join("None" if k is NoneType else k.__name__ for k in kinds)
        raise ArgumentError(f"{name}: expected {wanted}, not {shown(value)}")


def _setting(name: str) -> property:
    """What the class has for a setting, so that `hasattr(Config, name)` tells a program whether there is one."""
    if name in _KEPT:
        return property(lambda config: config.__dict__[name], doc=f"The setting `{name}`.")
    return property(doc=f"The setting `{name}`, which can only be assigned.")


for _name in _SETTINGS:
    setattr(Config, _name, _setting(_name))
