"""Fusee: a WebAssembly engine written in Python that runs as native code.

The names follow wasmtime-py. Each is imported when it is first used, so that `import fusee` costs nothing.
"""

import gc
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fusee.api.config import Config as Config
    from fusee.api.engine import Engine as Engine
    from fusee.api.errors import ArgumentError as ArgumentError
    from fusee.api.errors import ExitTrap as ExitTrap
    from fusee.api.errors import FuseeError as FuseeError
    from fusee.api.errors import HostError as HostError
    from fusee.api.errors import LimitError as LimitError
    from fusee.api.errors import LinkError as LinkError
    from fusee.api.errors import MalformedError as MalformedError
    from fusee.api.errors import ProposalError as ProposalError
    from fusee.api.errors import StoreError as StoreError
    from fusee.api.errors import Trap as Trap
    from fusee.api.errors import UnsupportedError as UnsupportedError
    from fusee.api.errors import ValidationError as ValidationError
    from fusee.api.errors import WasmtimeError as WasmtimeError
    from fusee.api.exception import WasmException as WasmException
    from fusee.api.externtypes import ExportType as ExportType
    from fusee.api.externtypes import GlobalType as GlobalType
    from fusee.api.externtypes import ImportType as ImportType
    from fusee.api.externtypes import Limits as Limits
    from fusee.api.externtypes import MemoryType as MemoryType
    from fusee.api.externtypes import TableType as TableType
    from fusee.api.externtypes import TagType as TagType
    from fusee.api.frame import Frame as Frame
    from fusee.api.func import Caller as Caller
    from fusee.api.func import Func as Func
    from fusee.api.globals import Global as Global
    from fusee.api.instance import Instance as Instance
    from fusee.api.instance import InstancePre as InstancePre
    from fusee.api.linker import Linker as Linker
    from fusee.api.managed import Managed as Managed
    from fusee.api.memory import Memory as Memory
    from fusee.api.module import Module as Module
    from fusee.api.object_types import ArrayType as ArrayType
    from fusee.api.object_types import FieldType as FieldType
    from fusee.api.object_types import StructType as StructType
    from fusee.api.references import I31 as I31
    from fusee.api.references import ArrayRef as ArrayRef
    from fusee.api.references import StructRef as StructRef
    from fusee.api.sharedmemory import SharedMemory as SharedMemory
    from fusee.api.store import Store as Store
    from fusee.api.store import StoreContext as StoreContext
    from fusee.api.storelike import Storelike as Storelike
    from fusee.api.table import Table as Table
    from fusee.api.tag import Tag as Tag
    from fusee.api.text import wat2wasm as wat2wasm
    from fusee.api.traps import TrapCode as TrapCode
    from fusee.api.types import FuncType as FuncType
    from fusee.api.types import ValType as ValType
    from fusee.api.values import Val as Val
    from fusee.wasi.config import DirPerms as DirPerms
    from fusee.wasi.config import FilePerms as FilePerms
    from fusee.wasi.config import WasiConfig as WasiConfig

__version__ = "0.1.0"

_HOMES = {
    "api.config": "Config",
    "api.engine": "Engine",
    "api.errors": "ArgumentError ExitTrap FuseeError HostError LimitError LinkError MalformedError ProposalError"
    " StoreError Trap UnsupportedError ValidationError WasmtimeError",
    "api.exception": "WasmException",
    "api.externtypes": "ExportType GlobalType ImportType Limits MemoryType TableType TagType",
    "api.frame": "Frame",
    "api.func": "Caller Func",
    "api.globals": "Global",
    "api.instance": "Instance InstancePre",
    "api.linker": "Linker",
    "api.managed": "Managed",
    "api.memory": "Memory",
    "api.module": "Module",
    "api.object_types": "ArrayType FieldType StructType",
    "api.references": "I31 ArrayRef StructRef",
    "api.sharedmemory": "SharedMemory",
    "api.store": "Store StoreContext",
    "api.storelike": "Storelike",
    "api.table": "Table",
    "api.tag": "Tag",
    "api.text": "wat2wasm",
    "api.traps": "TrapCode",
    "api.types": "FuncType ValType",
    "api.values": "Val",
    "wasi.config": "DirPerms FilePerms WasiConfig",
}
_HOME = {name: home for home, names in _HOMES.items() for name in names.split()}

__all__ = ["__version__", *sorted(_HOME)]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(_imported(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def _imported(name: str) -> object:
    """A module. The classes that it makes stay: Python's collector need not look through them meanwhile."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        return import_module(name)
    finally:
        if was_enabled:
            gc.enable()


def __dir__() -> list[str]:
    return __all__
