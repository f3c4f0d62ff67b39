"""A program that `fusee run` runs: a module, what it may import, and the store it runs in."""

from typing import TYPE_CHECKING

from fusee.cli.errors import counted, invocable, usage_error, visible
from fusee.cli.modules import ModuleFile, PathLike, make_engine
from fusee.cli.options import WasmOptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from fusee import Engine, Func, Instance, Module, Store, WasiConfig
    from fusee.cli.count import Measurement


class Program:
    """A module with the store it runs in, and those that were loaded before it."""

    def __init__(
        self, source: ModuleFile, preloads: dict[str, ModuleFile], limits: WasmOptions, is_counted: bool,
        profile: PathLike | None,
    ) -> None:  # fmt: skip
        from fusee import Linker, Store

        self.engine = make_engine(limits.configure)
        self.measurement = _measurement(self.engine) if is_counted else None
        self.preloads = {name: file.compile(self.engine) for name, file in preloads.items()}
        self.module: Module = source.compile(self.engine)
        self.store: Store = Store(self.engine)
        self.linker = Linker(self.engine)
        self.limits = limits
        self.profile = profile
        if profile is not None:
            from pathlib import Path

            from fusee.tune.profile import check_place

            check_place(Path(profile), self.module._binary)

    @property
    def needs_wasi(self) -> bool:
        """Whether a module imports from WASI; if not, its start does not wait for it."""
        modules = [self.module, *self.preloads.values()]
        return self.limits.has_wasi and any(
            item.module.startswith("wasi_") for module in modules for item in module.imports
        )

    def use_wasi(self, config: "WasiConfig") -> None:
        """Gives the program its system interface."""
        self.linker.define_wasi()
        self.store.set_wasi(config)

    def start(self, invoke: str | None, arguments: tuple[str, ...]) -> bool:
        """Instantiates the module and calls its start, or the export to `invoke`; what fails is raised."""
        try:
            if self.limits.has_threads:
                self._in_threads(lambda: self._start(invoke, arguments))
            else:
                self._start(invoke, arguments)
            return True
        finally:
            if self.measurement is not None:
                self.measurement.show(self.module)
            if self.profile is not None:
                from pathlib import Path

                from fusee.tune.profile import Profile

                Profile.of(self.module).write(Path(self.profile))

    def _in_threads(self, main: "Callable[[], None]") -> None:
        """Runs a program that may make threads."""
        from fusee.wasi.threads import ThreadedProgram

        if self.preloads or self.limits.target is not None:
            raise usage_error("-S threads: not with --preload, and not with --target")
        threads = ThreadedProgram(
            self.linker, self.store, self.module, lambda store: self.limits.limit(self.engine, store)
        )  # fmt: skip
        threads.run(main)

    def _start(self, invoke: str | None, arguments: tuple[str, ...]) -> None:
        self.limits.limit(self.engine, self.store)
        for name, module in self.preloads.items():
            self.linker.define_instance(self.store, name, self._initialized(module))
        instance = self._initialized(self.module)
        main = self.function(instance, "_start")
        if invoke is not None:
            function = self.function(instance, invoke)
            if function is None:
                name = visible(invoke)
                raise usage_error(f"--invoke {name}: the module exports no such function; {self._exported()}")
            _invoke(self.store, function, arguments)
        elif main is not None:
            main(self.store)
        elif self.module._start is None and self.function(instance, "_initialize") is None:  # neither did all its work
            raise usage_error(f"nothing to run: the module has no `_start`; {self._exported()}")

    def _initialized(self, module: "Module") -> "Instance":
        """An instance of a module. A reactor is initialized first (WASI's application ABI)."""
        instance = self.linker.instantiate(self.store, module)
        initialize = self.function(instance, "_initialize")
        if initialize is not None and self.function(instance, "_start") is None:
            initialize(self.store)
        return instance

    def _exported(self) -> str:
        """What `--invoke` could be given, for errors."""
        from fusee import FuncType

        return invocable([item.name for item in self.module.exports if isinstance(item.type, FuncType)])

    def function(self, instance: "Instance", name: str) -> "Func | None":
        """An exported function."""
        from fusee import Func

        found = instance.exports(self.store).get(name)
        return found if isinstance(found, Func) else None


def _measurement(engine: "Engine") -> "Measurement":
    from fusee.cli.count import Measurement

    return Measurement(engine)


def _invoke(store: "Store", function: "Func", texts: tuple[str, ...]) -> None:
    """Calls a function with values as they stand on the command line, and shows every result on a line."""
    from fusee.cli.values import parse_value, show_value

    signature = function.type(store)
    params, kinds = signature.params, signature.results
    if len(texts) != len(params):
        given, taken = counted(len(texts), "argument"), counted(len(params), "parameter")
        raise usage_error(f"--invoke: got {given}, but the function has {taken}")
    results = function(store, *(parse_value(*pair) for pair in zip(params, texts, strict=True)))
    for kind, result in zip(kinds, [results] if len(kinds) == 1 else results or (), strict=True):
        print(show_value(kind, result), flush=True)
