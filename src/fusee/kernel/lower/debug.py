"""Line tables that point at the Python source of kernels."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from fusee.kernel.tree.functions import Specialised

if TYPE_CHECKING:
    from fusee.kernel.lower.module import ModuleWriter


class DebugInfo:
    """The debug metadata of one module: line tables only."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._unit: int | None = None
        self._type = 0
        self._files: dict[str, int] = {}
        self._scopes: dict[Specialised, int] = {}
        self._locations: dict[tuple[Specialised, int, int | None], int] = {}

    def location(self, module: ModuleWriter, function: Specialised, line: int, inlined_at: int | None) -> int:
        """The node for `line` of `function`, inlined at another location or not."""
        key = function, line, inlined_at
        known = self._locations.get(key)
        if known is None:
            place = "" if inlined_at is None else f", inlinedAt: !{inlined_at}"
            scope = self._scope(module, function)
            distinct = "" if inlined_at is None else "distinct "
            known = module.metadata(f"{distinct}!DILocation(line: {line}, scope: !{scope}{place})")
            self._locations[key] = known
        return known

    def subprogram_suffix(self, module: ModuleWriter, function: Specialised) -> str:
        return f" !dbg !{self._scope(module, function)}"

    def _scope(self, module: ModuleWriter, function: Specialised) -> int:
        known = self._scopes.get(function)
        if known is None:
            file = self._file(module, function.file)
            unit = self._compile_unit(module, file)
            known = self._scopes[function] = module.metadata(
                f'distinct !DISubprogram(name: "{function.name}", linkageName: "{function.symbol}", scope: !{file}, '
                f"file: !{file}, line: {function.line}, type: !{self._type}, unit: !{unit}, "
                "spFlags: DISPFlagDefinition)"
            )
        return known

    def _file(self, module: ModuleWriter, path: str) -> int:
        known = self._files.get(path)
        if known is None:
            directory, name = source_path(path)
            text = f'!DIFile(filename: "{name}", directory: "{directory}")'
            known = self._files[path] = module.metadata(text)
        return known

    def _compile_unit(self, module: ModuleWriter, file: int) -> int:
        if self._unit is None:
            self._unit = module.metadata(
                f'distinct !DICompileUnit(language: DW_LANG_Python, file: !{file}, producer: "fusee", '
                "isOptimized: true, runtimeVersion: 0, emissionKind: LineTablesOnly)"
            )
            self._type = module.metadata("!DISubroutineType(types: !{})")
        return self._unit

    def finish(self, module: ModuleWriter) -> list[str]:
        """The named metadata of the module."""
        if self._unit is None:
            return []
        flags = [module.metadata(f'!{{i32 2, !"{name}", i32 {n}}}') for name, n in _FLAGS.items()]
        return [
            f"!llvm.dbg.cu = !{{!{self._unit}}}",
            f"!llvm.module.flags = !{{{', '.join(f'!{flag}' for flag in flags)}}}",
        ]


_FLAGS = {"Debug Info Version": 3, "Dwarf Version": 4}


def source_path(file: str) -> tuple[str, str]:
    """Directory and name of a source file, the same on every machine that builds it."""
    parts = os.path.normpath(file).split(os.sep)
    start = len(parts) - 1 - parts[::-1].index("fusee") if "fusee" in parts else len(parts) - 2
    return "/".join(parts[max(start, 0) : -1]), parts[-1]
