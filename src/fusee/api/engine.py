"""`Engine`: what stores and modules share."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fusee.api import _load
from fusee.api._python import EngineGate
from fusee.api._start import use_whole_engine
from fusee.api._watch import add_gate, remove_gate
from fusee.api.config import Config
from fusee.api.ending import Ending, look
from fusee.api.errors import MalformedError, UnsupportedError
from fusee.api.managed import Managed, Unique, expect, refuse_closed
from fusee.api.object_types import ArrayType, DefinedType, FieldType, StructType
from fusee.api.types import ValType
from fusee.engine.state.module import Module as ModuleState
from fusee.engine.state.runtime import Engine as EngineState
from fusee.kernel.memory import view
from fusee.spec.features import ALL_FEATURES
from fusee.spec.leb128 import unsigned
from fusee.spec.types import PACKED_I8, PACKED_I16

if TYPE_CHECKING:
    from fusee.api._waiting import Queues


class Engine(Unique, Managed):
    """Holds the settings and the registry of types; stores and modules of one engine work together.

    It may be used from any thread, and so may its modules. Stores may be used from different threads, each from one at
    a time; guests of different stores run at the same time.
    """

    def __init__(self, config: Config | None = None) -> None:
        """An engine with the settings of `config`, which is used up by that; with the usual ones if it is None.

        The first engine of a process loads the engine's native code, or compiles it. Raises `ArgumentError`;
        `ValueError` if `config` is used up.
        """
        if config is None:
            config = Config()
        expect(config, Config, "a Config")
        config._consume()
        self._is_closed = False
        self._features = config._features
        self._consume_fuel = config.consume_fuel
        self._epoch_interruption = config.epoch_interruption
        self._max_wasm_stack = config.max_wasm_stack
        if config.profiled:
            use_whole_engine()
        self._native = _load.load(config.checked, config.target)
        self._has_deadlines = config.consume_fuel or config.epoch_interruption
        self._is_metered = config.consume_fuel or (config.epoch_interruption and self._native.polls)
        may_compile = not (config.checked or config.profiled)
        self._compiles = config.strategy == "native" and may_compile
        self._address = self._native.open(self._is_metered)
        state = view(EngineState, self._address, self._native.space)
        state.is_timed = self._is_metered and not config.consume_fuel
        state.is_profiled = config.profiled
        state.is_relaxed = not config.wasm_relaxed_simd_deterministic
        self._hold_nothing()
        is_tiered = may_compile and _is_tiered(config)
        self._tier = self._native.new_tier(self._address, self._gate) if is_tiered else None
        self._gives_native_code = self._compiles or self._tier is not None
        add_gate(self._gate)
        look()
        Ending(self, _end, self._native, self._address, self._ended_modules, self._declarations, self._gate)

    def _hold_nothing(self) -> None:
        """A new engine has no modules, and no types of the host's."""
        self._epoch = 0
        self._gate = EngineGate()
        self._waiters: Queues = {}  # threads that wait for words of shared memories
        self._ended_modules: list[int] = []
        self._types: dict[DefinedType, int] = {}
        self._numbers: dict[DefinedType, int] = {}
        self._declarations: list[tuple[int, bytes]] = []  # the modules that keep these numbers, with their bytes

    def _opened(self) -> "Engine":
        """The engine, unless it was closed."""
        return refuse_closed() if self._is_closed else self

    def close(self) -> None:
        """Make nothing more of it. Its stores and modules stay usable; what they share ends with the last of them."""
        self._is_closed = True

    def increment_epoch(self) -> None:
        """Advance the clock that `Store.set_epoch_deadline` counts in. May be called from any thread."""
        self._opened()
        with self._gate.clock:
            self._epoch += 1
        for reference in list(self._native.stores.values()):
            store = reference()
            if store is not None and store.engine is self:
                store._check_deadline()

    def _compile(self, binary: bytes) -> int:
        """The address of a new decoded and valid module; `binary` must outlive it."""
        try:
            with self._native.stay():
                self._end_postponed()
                return self._native.compile(self._address, binary, int(self._features))
        except MalformedError as error:
            from fusee.api.failures import failure_of_module

            raise failure_of_module(error, binary, self._features) from None

    def _end_module(self, address: int) -> None:
        """Release a module, at the next opportunity if somebody is using the registry of types."""
        if not self._native.end_module_if_free(address):
            self._ended_modules.append(address)

    def _end_postponed(self) -> None:
        while self._ended_modules:
            try:
                address = self._ended_modules.pop()
            except IndexError:  # another thread has taken the last
                return
            self._native.end_module(address)

    def is_pulley(self) -> bool:
        """Whether this is wasmtime's interpreter: False."""
        self._opened()
        return False

    def _canonical(self, type: DefinedType) -> int:  # noqa: A002
        """The engine's number for a type (spec 3.1.2): equal types have equal numbers.

        The registry is fed by modules only, so a type that the host makes up becomes a module of its own.
        """
        if type._declaration is not None and type._declaration.engine is self:
            return type._declaration.number
        found = self._numbers.get(type)
        if found is None:
            found = int(view(ModuleState, self._defined(type), self._native.space).types[0].canonical)
            self._numbers[type] = found
        return found

    def _defined(self, type: DefinedType) -> int:  # noqa: A002
        """The address of a module whose only type this is; it lives as long as the engine."""
        found = self._types.get(type)
        if found is None:
            section = b"\x01" + _define(type)
            binary = b"\0asm\x01\0\0\0\x01" + unsigned(len(section)) + section
            with self._native.stay():
                made = self._native.compile(self._address, binary, ALL_FEATURES)
            self._declarations.append((made, binary))
            found = self._types.setdefault(type, made)  # another thread may have made it, too
        return found


def _is_tiered(config: Config) -> bool:
    """Whether what is hot shall get native code. If nothing is said, it shall where it can, unless fuel is counted."""
    if config.strategy not in ("auto", "cranelift") or config.consume_fuel or config.target is not None:
        return config.strategy == "tiered"
    from fusee.tier.early import is_usual

    return is_usual()


def _define(type: DefinedType) -> bytes:  # noqa: A002
    if isinstance(type, StructType):
        return b"\x5f" + unsigned(len(type.fields)) + b"".join(map(_field, type.fields))
    if isinstance(type, ArrayType):
        return b"\x5e" + _field(type.element)
    return b"\x60" + _vector(type.params) + _vector(type.results)


def _field(type: FieldType) -> bytes:  # noqa: A002
    packed = {"i8": PACKED_I8, "i16": PACKED_I16}
    storage = type.storage
    code = _encode(storage) if isinstance(storage, ValType) else bytes([packed[storage]])
    return code + bytes([type.mutable])


def _vector(types: Sequence[ValType]) -> bytes:
    return unsigned(len(types)) + b"".join(_encode(item) for item in types)


def _encode(type: ValType) -> bytes:  # noqa: A002
    if not type.is_reference:
        return bytes([type._code])
    if not type.heap:
        raise UnsupportedError(f"a type made in Python cannot mention {type}, which belongs to a module")
    return bytes([0x63 if type.is_nullable else 0x64, type._code & 0x7F])


def _end(
    native: Any, address: int, ended: list[int], declarations: list[tuple[int, bytes]], gate: EngineGate
) -> None:  # fmt: skip
    remove_gate(gate)
    if gate.background is not None:
        gate.background.close()
    for module in [*ended, *(module for module, _ in declarations)]:
        native.end_module(module)
    native.uninstall_interpreter(address)
    native.release_engine(address)
