"""A component that `fusee run` runs: it exports `wasi:cli/run`."""

from typing import TYPE_CHECKING, Final

from fusee.cli.errors import usage_error
from fusee.cli.modules import ModuleFile, make_engine
from fusee.cli.options import WasmOptions

if TYPE_CHECKING:
    from fusee import WasiConfig
    from fusee.component import Func, Instance

_RUN: Final = "wasi:cli/run@0.2."


class ComponentProgram:
    """A component with the store it runs in."""

    def __init__(self, source: ModuleFile, limits: WasmOptions) -> None:
        from fusee import Store
        from fusee.component import Linker

        self.engine = make_engine(limits.configure)
        self.component = source.compile_component(self.engine)
        self.store = Store(self.engine)
        self.linker = Linker(self.engine)
        self.limits = limits

    @property
    def needs_wasi(self) -> bool:
        """Whether it imports from WASI."""
        names = self.component.type.imports(self.engine)
        return self.limits.has_wasi and any(name.startswith("wasi:") for name in names)

    def use_wasi(self, config: "WasiConfig") -> None:
        """Gives the program its system interface."""
        self.limits.open_network(config)
        self.linker.add_wasip2()
        self.linker.add_wasi_http()
        self.store.set_wasi(config)
        if self.limits.network.get("http"):
            self.store.set_wasi_http()

    def start(self, invoke: str | None, arguments: tuple[str, ...]) -> bool:
        """Runs it; whether it says that it has succeeded."""
        if invoke is not None:
            raise usage_error("--invoke: functions of components cannot be called from the command line yet")
        self.limits.limit(self.engine, self.store)
        result = self._main(self.linker.instantiate(self.store, self.component))(self.store)
        return str(result.tag) == "ok"

    def _main(self, instance: "Instance") -> "Func":
        exports = self.component.type.exports(self.engine)
        for name in exports:
            if name.startswith(_RUN):
                index = self.component.get_export_index("run", self.component.get_export_index(name))
                found = None if index is None else instance.get_func(self.store, index)
                if found is not None:
                    return found
        shown = ", ".join(exports) or "nothing"
        raise usage_error(f"nothing to run: the component does not export `wasi:cli/run`; it exports {shown}")
