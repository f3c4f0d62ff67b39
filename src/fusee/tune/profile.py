"""Profiles: how often each basic block of a module's functions was executed."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from fusee.api.errors import FuseeError
from fusee.api.module import Module
from fusee.disasm.cells import number_at, walk_cells
from fusee.disasm.listing import translate_function
from fusee.kernel.memory import read_bytes
from fusee.kernel.target import Target


def module_beside(path: Path) -> Path:
    """Where the module goes that a profile is of. Raises FuseeError if that is the profile's own place."""
    place = path.with_suffix(".wasm")
    if place == path:
        raise FuseeError(f"{path}: that is where the module goes that the profile is of")
    return place


def check_place(path: Path, binary: bytes) -> None:
    """Raise FuseeError if the profile of a module cannot be written there without another module's being lost."""
    place = module_beside(path)
    if place.exists() and place.read_bytes() != binary:
        raise FuseeError(f"{place}, where the module of the profile goes, is another file")


@dataclass(frozen=True)
class Profile:
    """Executions of the blocks of each function that was called, in the order of the code.

    The order depends on the WebAssembly only, and not on the engine that has counted.
    """

    binary: bytes
    functions: dict[int, list[int]]

    @classmethod
    def of(cls, module: Module) -> "Profile":
        """What has been counted for a module so far; its engine must be a profiled one (`Config.profiled`)."""
        return cls(module._binary, dict(_count_blocks(module)))

    def write(self, path: Path) -> None:
        """Write the profile and, beside it, the module that it is of. Raises what `check_place` does."""
        check_place(path, self.binary)
        module_beside(path).write_bytes(self.binary)
        functions = {str(index): counts for index, counts in sorted(self.functions.items())}
        path.write_text(json.dumps({"module": sha256(self.binary).hexdigest(), "functions": functions}) + "\n")

    @classmethod
    def read(cls, path: Path) -> "Profile":
        """The profile in a file. Raises FuseeError if it is none, or that of another module."""
        binary = module_beside(path).read_bytes()
        try:
            record = json.loads(path.read_text("utf-8"))
            functions = {int(index): [int(count) for count in counts] for index, counts in record["functions"].items()}
            is_its_own = record["module"] == sha256(binary).hexdigest()
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise FuseeError(f"{path}: not a profile") from error
        if not is_its_own:
            raise FuseeError(f"{path}: the profile of another module than {module_beside(path)}")
        return cls(binary, functions)


def _count_blocks(module: Module) -> Iterator[tuple[int, list[int]]]:
    """The counters in the code of each function that was translated."""
    space, target = module._engine._native.space, Target.host()
    for index, home, size in module._translated_functions():
        code = bytes(space.read(home, size))
        with translate_function(module, index) as t:
            cells = walk_cells(read_bytes(t.code, t.code_bytes), target)
        counters = (c.start + c.fields.immediates[0] for c in cells if c.row.family == "count")
        yield index, [number_at(code, at, 8) for at in counters]
