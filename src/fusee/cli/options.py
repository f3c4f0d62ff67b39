"""`-W`, `-S`, `-D` and `-O`: what a run may use and how the engine is set, written as wasmtime writes it."""

import re
from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING, Any, Final

from fusee.cli.errors import usage_error

if TYPE_CHECKING:
    from fusee import Config, Engine, Store, WasiConfig

_UNITS: Final = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_FEATURES: Final = frozenset({
    "simd", "relaxed-simd", "tail-call", "multi-memory", "memory64", "extended-const", "function-references", "gc",
    "exceptions", "legacy-exceptions", "compact-imports", "threads", "wide-arithmetic", "custom-page-sizes",
    "reference-types", "bulk-memory", "multi-value",
})  # fmt: skip


_SYSTEM: Final = {
    "inherit-env": "", "cli": "", "common": "", "preview2": "", "http": "", "tcp": "", "udp": "", "inherit-network": "",
    "allow-ip-name-lookup": "", "p3": "WASI 0.3", "config": "wasi-config", "keyvalue": "wasi-keyvalue",
    "tls": "wasi-tls", "nn": "wasi-nn", "threads": "",
}  # fmt: skip
"""What `-S` knows; where there is a name, of what is needed for it and not supported yet."""

_COMPILING: Final = frozenset({
    "opt-level", "regalloc-algorithm", "memory-may-move", "memory-reservation", "memory-reservation-for-growth",
    "memory-guard-size", "guard-before-linear-memory", "table-lazy-init", "pooling-allocator", "memory-init-cow",
    "dynamic-memory-guard-size", "static-memory-maximum-size", "signals-based-traps",
})  # fmt: skip
"""What `-O` knows: settings of a compiler and its memories, accepted so that a command moves over as it is."""


_STRATEGIES: Final = ("auto", "cranelift", "interpreter", "native", "tiered")  # of `Config.strategy`


class WasmOptions:
    """What `-W`, `-S`, `-D`, `-C`, `--target` and `--profile` said; None is the engine's default."""

    def __init__(self) -> None:
        self.fuel: int | None = None
        self.timeout_seconds: float | None = None
        self.max_memory_bytes: int | None = None
        self.max_table_elements: int | None = None
        self.max_stack_bytes: int | None = None
        self.target: str | None = None
        self.is_profiled = False
        self.is_checked = False
        self.strategy = ""
        self.inherits_environment = False
        self.has_wasi = True
        self.has_threads = False
        self.network: dict[str, bool] = {}  # "inherit-network", "tcp", "udp", "allow-ip-name-lookup", "http"
        self.features: dict[str, bool] = {}

    def configure(self, config: "Config") -> None:
        """Applies what concerns the engine."""
        config.target = self.target
        config.profiled = self.is_profiled
        config.checked |= self.is_checked
        if self.strategy:
            config.strategy = self.strategy
        config.consume_fuel = self.fuel is not None
        config.epoch_interruption = self.timeout_seconds is not None
        if self.max_stack_bytes is not None:
            config.max_wasm_stack = self.max_stack_bytes
        for name, is_on in self.features.items():
            setattr(config, f"wasm_{name.replace('-', '_')}", is_on)

    @property
    def leaves_code_alone(self) -> bool:
        """Whether nothing is counted or checked while code is executed, and that is this machine's."""
        is_counted = self.fuel is not None or self.timeout_seconds is not None or self.is_profiled
        return not (is_counted or self.is_checked or self.target)

    def open_network(self, config: "WasiConfig") -> None:
        """Applies what concerns the network, which nothing may use unless it is said."""
        if self.network.get("inherit-network"):
            config.inherit_network(tcp=self.network.get("tcp", True), udp=self.network.get("udp", True))
        if self.network.get("allow-ip-name-lookup"):
            config.allow_ip_name_lookup()

    def limit(self, engine: "Engine", store: "Store") -> None:
        """Applies what concerns one run, which starts now."""
        if self.max_memory_bytes is not None or self.max_table_elements is not None:
            store.set_limits(
                memory_size=-1 if self.max_memory_bytes is None else self.max_memory_bytes,
                table_elements=-1 if self.max_table_elements is None else self.max_table_elements,
            )
        if self.fuel is not None:
            store.set_fuel(self.fuel)
        if self.timeout_seconds is not None:
            _stop_after(self.timeout_seconds, engine, store)


def parse_wasm_options(texts: tuple[str, ...]) -> WasmOptions:
    """Reads `-W name=value,…`, given any number of times."""
    options = WasmOptions()
    for name, value in _pairs("-W", texts, _FEATURES | _NUMBERS.keys()):
        if name in _FEATURES:
            options.features[name] = value is None or _parse_flag("-W", name, value)
        else:
            attribute, parse = _NUMBERS[name]
            setattr(options, attribute, parse(name, value or ""))
    return options


def add_other_options(
    options: WasmOptions, system: tuple[str, ...], debugging: tuple[str, ...], optimizing: tuple[str, ...]
) -> None:
    """Reads what `-S`, `-D` and `-O` say into `options`."""
    for name, value in _pairs("-S", system, _SYSTEM.keys(), [name for name, needed in _SYSTEM.items() if not needed]):
        is_on = value is None or _parse_flag("-S", name, value)
        if is_on and _SYSTEM[name]:
            raise usage_error(f"-S {name}: needs {_SYSTEM[name]}, which is not supported yet")
        if name == "inherit-env":
            options.inherits_environment = is_on
        elif name in ("cli", "common"):
            options.has_wasi = is_on
        elif name == "threads":
            options.has_threads = is_on
        elif not _SYSTEM[name] and name != "preview2":
            options.network[name] = is_on
    for name, value in _pairs("-D", debugging, {"checked"}):
        options.is_checked = value is None or _parse_flag("-D", name, value)
    for _ in _pairs("-O", optimizing, _COMPILING):
        pass


def choose_strategy(options: WasmOptions, generating: tuple[str, ...]) -> None:
    """Reads what `-C` says: how functions are executed."""
    for _, value in _pairs("-C", generating, {"compiler"}):
        if value not in _STRATEGIES:
            raise usage_error(f"-C compiler={value or ''}: expected tiered, native or interpreter")
        options.strategy = value


def _pairs(
    option: str, texts: tuple[str, ...], known: Collection[str], shown: Collection[str] = ()
) -> Iterator[tuple[str, str | None]]:
    """The names of `name=value,…` with their values, None where there is no `=`; what is not known is an error.

    That names what there is: all of it, or what is `shown`.
    """
    for item in (item for text in texts for item in text.split(",")):
        name, has_value, value = item.partition("=")
        if name not in known:
            from difflib import get_close_matches

            close = get_close_matches(name, known, 1)
            hint = f"; is it {close[0]}?" if close else f"; there are {', '.join(sorted(shown or known))}"
            raise usage_error(f"{option} {name}: there is no such option{hint}")
        yield name, value if has_value else None


def _stop_after(seconds: float, engine: "Engine", store: "Store") -> None:
    from threading import Timer

    store.set_epoch_deadline(1)
    timer = Timer(seconds, engine.increment_epoch)
    timer.daemon = True
    timer.start()


def _parse_count(name: str, value: str) -> int:
    if not re.fullmatch(r"[0-9]{1,20}", value, re.ASCII):
        raise usage_error(f"-W {name}={value}: expected a number")
    return int(value)


def _parse_seconds(name: str, value: str) -> float:
    match = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)([a-zµ]*)", value)
    if match is None or (match[2] or "s") not in _UNITS:
        raise usage_error(f"-W {name}={value}: expected a duration such as 10s or 500ms")
    return float(match[1]) * _UNITS[match[2] or "s"]


def _parse_flag(option: str, name: str, value: str) -> bool:
    if value not in ("y", "yes", "true", "n", "no", "false"):
        raise usage_error(f"{option} {name}={value}: expected y or n")
    return value in ("y", "yes", "true")


_NUMBERS: Final[dict[str, tuple[str, Callable[[str, str], Any]]]] = {
    "fuel": ("fuel", _parse_count),
    "timeout": ("timeout_seconds", _parse_seconds),
    "max-memory-size": ("max_memory_bytes", _parse_count),
    "max-table-elements": ("max_table_elements", _parse_count),
    "max-wasm-stack": ("max_stack_bytes", _parse_count),
}
