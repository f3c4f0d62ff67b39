"""What `fusee build --component` writes of a component."""

from dataclasses import dataclass
from pathlib import Path

from fusee.api.engine import Engine
from fusee.component.component import Component
from fusee.package.components.flatten import flatten
from fusee.package.components.header import write_header
from fusee.package.components.table import write_table

SUFFIX = ".component"


@dataclass(frozen=True)
class SplitComponent:
    """The file that an app loads, and its header."""

    name: str
    tables: bytes
    header: str
    modules: tuple[bytes, ...]
    uses_wasi: bool = False
    uses_http: bool = False

    def write(self, folder: Path) -> Path:
        """Write both; where the file is."""
        (folder / "include").mkdir(parents=True, exist_ok=True)
        place = folder / f"{self.name}{SUFFIX}"
        place.write_bytes(self.tables)
        (folder / "include" / f"{self.name}.h").write_text(self.header)
        return place


def split(name: str, binary: bytes) -> SplitComponent:
    """A component by the name that its files shall have. Needs an engine of this machine's.

    Raises `NotForDevices` for one that cannot be split, and what `Component` raises for bytes that are none.
    """
    component = Component(Engine(), binary)
    whole = flatten(component._program)
    interfaces = [name.interface for part in whole.parts for name, _ in part.imports]
    uses_wasi = any(name.startswith("wasi:") for name in interfaces)
    uses_http = any(name.startswith("wasi:http/") for name in interfaces)
    header = write_header(name, component, whole)
    return SplitComponent(name, write_table(whole), header, tuple(whole.modules), uses_wasi, uses_http)
