"""A component that `fusee run` runs: it exports `wasi:cli/run`, or a function to `--invoke`."""

from typing import TYPE_CHECKING, Any, Final

from fusee.cli.errors import invocable, usage_error, visible
from fusee.cli.modules import ModuleFile, make_engine
from fusee.cli.options import WasmOptions

if TYPE_CHECKING:
    from fusee import WasiConfig
    from fusee.component import Func, FuncType, Instance, ValType
    from fusee.component.wave import Parser

_RUNS: Final = ("wasi:cli/run@0.3.", "wasi:cli/run@0.2.")
"""A program that has both is one of 0.3 whose compiler still adds the other."""


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
        self.linker.add_wasip3()
        self.store.set_wasi(config)
        if any(name.startswith("wasi:http/") for name in self.component.type.imports(self.engine)):
            self.linker.add_wasi_http()
        if self.limits.network.get("http"):
            self.store.set_wasi_http()

    def start(self, invoke: str | None, arguments: tuple[str, ...]) -> bool:
        """Runs it; whether it says that it has succeeded."""
        self.limits.limit(self.engine, self.store)
        if invoke is not None:
            self._invoke(invoke, arguments)
            return True
        result = self._main(self.linker.instantiate(self.store, self.component))(self.store)
        return str(result.tag) == "ok"

    def _invoke(self, asked: str, arguments: tuple[str, ...]) -> None:
        """Calls a function, `name` with one value an argument, or `name(value, value)`, and shows its result."""
        from fusee.component.wave import Parser, WaveError, show

        name, bracket, rest = asked.partition("(")
        path, ty = self._find(name.strip())
        text = f"({rest}" if bracket else f"({', '.join(arguments)})"
        parser = Parser(text)
        try:
            values = self._values(parser, [part for _, part in ty.params])
        except WaveError as error:
            raise usage_error(f"--invoke {name}: {error}") from None
        index = None
        for step in path:
            index = self.component.get_export_index(step, index)
        instance = self.linker.instantiate(self.store, self.component)
        assert index is not None
        function = instance.get_func(self.store, index)
        assert function is not None
        result = function(self.store, *values)
        if ty.result is not None:
            print(show(ty.result, result), flush=True)

    @staticmethod
    def _values(parser: "Parser", types: "list[ValType]") -> list[Any]:
        """The arguments between brackets."""
        values: list[Any] = []
        parser.need("(")
        for number, ty in enumerate(types):
            if number:
                parser.need(",")
            values.append(parser.value(ty))
        parser.need(")")
        parser.end()
        return values

    def _functions(self) -> "dict[tuple[str, ...], FuncType]":
        """All functions that it exports, also in instances, by the names that lead to them."""
        from fusee.component import ComponentInstanceType, FuncType

        found: dict[tuple[str, ...], FuncType] = {}
        for name, item in self.component.type.exports(self.engine).items():
            inner = item.ty.exports(self.engine) if isinstance(item.ty, ComponentInstanceType) else {}
            found |= {(name, member): extern.ty for member, extern in inner.items() if isinstance(extern.ty, FuncType)}
            if isinstance(item.ty, FuncType):
                found[name,] = item.ty
        return found

    def _find(self, name: str) -> "tuple[tuple[str, ...], FuncType]":
        """The function `name`, or `interface#name`; the interface may be left out if no other has such a name."""
        functions = self._functions()
        found = [path for path in functions if name in (path[-1], "#".join(path))]
        exact = [path for path in found if "#".join(path) == name]
        if len(exact or found) == 1:
            path = (exact or found)[0]
            return path, functions[path]
        if found:
            raise usage_error(f"--invoke {name}: there are several; {' or '.join('#'.join(path) for path in found)}")
        names = ["#".join(path) for path in functions]
        raise usage_error(f"--invoke {visible(name)}: the component exports no such function; {invocable(names)}")

    def _main(self, instance: "Instance") -> "Func":
        exports = self.component.type.exports(self.engine)
        for name in sorted(exports, key=lambda name: not name.startswith(_RUNS[0])):
            if name.startswith(_RUNS):
                index = self.component.get_export_index("run", self.component.get_export_index(name))
                found = None if index is None else instance.get_func(self.store, index)
                if found is not None:
                    return found
        shown = ", ".join(exports) or "nothing"
        raise usage_error(f"nothing to run: the component does not export `wasi:cli/run`; it exports {shown}")
