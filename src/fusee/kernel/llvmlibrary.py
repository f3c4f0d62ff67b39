"""What is used of LLVM to compile, from llvmlite's library: as `llvmlite.binding`, which takes longer to load.

The names are the same. The library's functions are none that llvmlite promises, so they are those of one version:
where another one is installed, it is `llvmlite.binding` that is taken (`kernel/llvm.py`).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from ctypes import CDLL, POINTER, byref, c_bool, c_char_p, c_int, c_size_t, c_uint, c_void_p, string_at
from typing import Any, Final, NamedTuple

import llvmlite
from llvmlite.utils import get_library_name

_OBJECT_FORMATS: Final = {1: "COFF", 3: "ELF", 5: "MachO", 7: "Wasm", 8: "XCOFF"}
_library: Final = CDLL(os.path.join(os.path.dirname(llvmlite.__file__), "binding", get_library_name()))
_lock: Final = threading.RLock()  # the context is for one thread at a time


def _function(name: str, result: Any, *parameters: Any) -> Callable[..., Any]:
    found = getattr(_library, f"LLVMPY_{name}")
    found.restype, found.argtypes = result, parameters

    def call(*arguments: Any) -> Any:
        with _lock:
            return found(*arguments)

    return call


_TEXT: Final = POINTER(c_char_p)  # where the address of a text is put
_dispose_text = _function("DisposeString", None, c_char_p)


def _told(function: Callable[..., Any], *arguments: Any) -> tuple[Any, str]:
    """What a function gives that puts a text where its last argument says, and the text."""
    text = c_char_p()
    result = function(*arguments, byref(text))
    told = (text.value or b"").decode("utf-8", "replace")
    if text:
        _dispose_text(text)
    return result, told


class _Thing:
    """Something of LLVM's. It lives as long as this does, if there is a function that ends it."""

    def __init__(self, address: int | None, end: Callable[[int], None] | None = None) -> None:
        if not address:
            raise RuntimeError("LLVM has nothing of the kind")
        self.address = address
        self._end = end

    def __del__(self) -> None:
        end = getattr(self, "_end", None)
        if end is not None:
            end(self.address)


# The process, and its machine

initialize_all_asmprinters = _function("InitializeAllAsmPrinters", None)
_initialize_targets: Final = [
    _function(f"InitializeAll{what}", None) for what in ("TargetInfos", "Targets", "TargetMCs")
]  # fmt: skip
_version: Final[int] = _function("GetVersionInfo", c_uint)()
llvm_version_info: Final = tuple(_version >> bits & 0xFF for bits in (16, 8, 0))
_host_name = _function("GetHostCPUName", None, _TEXT)
_host_features = _function("GetHostCPUFeatures", c_int, _TEXT)
_set_option = _function("SetCommandLine", None, c_char_p, c_char_p)


def initialize_all_targets() -> None:
    """Before any of them is asked for."""
    for initialize in _initialize_targets:
        initialize()


def get_host_cpu_name() -> str:
    """This machine's processor."""
    return _told(_host_name)[1]


class Features(NamedTuple):
    """Extensions of an instruction set, behind a sign that says whether they are there."""

    names: list[str]

    def flatten(self) -> str:
        """In the order of their names."""
        return ",".join(sorted(self.names, key=lambda name: name[1:]))


def get_host_cpu_features() -> Features:
    """What this machine's processor has."""
    return Features([name for name in _told(_host_features)[1].split(",") if name])


def set_option(name: str, option: str) -> None:
    """One of LLVM's own options, for the whole process."""
    _set_option(name.encode(), option.encode())


# Triples

_triple_parts = _function("GetTripleParts", None, c_char_p, _TEXT, _TEXT, _TEXT, _TEXT)
_object_format = _function("GetTripleObjectFormat", c_int, c_char_p)


class Parts(NamedTuple):
    """What LLVM takes the parts of a triple for."""

    Arch: str
    Vendor: str
    OS: str
    Env: str


def get_triple_parts(triple: str) -> Parts:
    """Of this one."""
    texts = [c_char_p() for _ in Parts._fields]
    _triple_parts(triple.encode(), *map(byref, texts))
    found = Parts(*((text.value or b"").decode() for text in texts))
    for text in texts:
        _dispose_text(text)
    return found


def get_object_format(triple: str) -> str:
    """By LLVM's name."""
    return _OBJECT_FORMATS.get(_object_format(triple.encode()), "Unknown")


# Machines

_find_target = _function("GetTargetFromTriple", c_void_p, c_char_p, _TEXT)
_create_machine = _function(
    "CreateTargetMachine", c_void_p, c_void_p, c_char_p, c_char_p, c_char_p, c_int, c_char_p, c_char_p, c_int, c_int,
    c_char_p,
)  # fmt: skip
_dispose_machine = _function("DisposeTargetMachine", None, c_void_p)
_machine_data = _function("CreateTargetMachineData", c_void_p, c_void_p)
_data_text = _function("CopyStringRepOfTargetData", None, c_void_p, _TEXT)
_dispose_data = _function("DisposeTargetData", None, c_void_p)
_emit = _function("TargetMachineEmitToMemory", c_void_p, c_void_p, c_void_p, c_int, _TEXT)
_buffer_start = _function("GetBufferStart", c_void_p, c_void_p)
_buffer_size = _function("GetBufferSize", c_size_t, c_void_p)
_dispose_buffer = _function("DisposeMemoryBuffer", None, c_void_p)


class Target(_Thing):
    """What LLVM makes code for."""

    triple = ""

    @classmethod
    def from_triple(cls, triple: str) -> Target:
        """By its triple. Raises `RuntimeError` if LLVM has none of that name."""
        found, problem = _told(_find_target, triple.encode())
        if not found:
            raise RuntimeError(problem)
        target = cls(found)
        target.triple = triple
        return target

    def create_target_machine(
        self, cpu: str = "", features: str = "", opt: int = 2, reloc: str = "default", codemodel: str = "default"
    ) -> TargetMachine:
        """What makes code for it."""
        texts = self.triple.encode(), cpu.encode(), features.encode()
        made = _create_machine(self.address, *texts, opt, reloc.encode(), codemodel.encode(), 0, 0, b"")
        return TargetMachine(made, _dispose_machine)


class TargetMachine(_Thing):
    """What makes machine code."""

    @property
    def target_data(self) -> str:
        """Its data layout."""
        data = _Thing(_machine_data(self.address), _dispose_data)
        return _told(_data_text, data.address)[1]

    def emit_object(self, module: Module) -> bytes:
        """An object file."""
        return self._emitted(module, True)

    def emit_assembly(self, module: Module) -> str:
        """The same as text."""
        return self._emitted(module, False).decode()

    def _emitted(self, module: Module, is_object: bool) -> bytes:
        found, problem = _told(_emit, self.address, module.address, is_object)
        if not found:
            raise RuntimeError(problem)
        buffer = _Thing(found, _dispose_buffer)
        return string_at(_buffer_start(found), _buffer_size(buffer.address))


# Modules, and what is done to them

_context: Final[int] = _function("ContextCreate", c_void_p)()  # none that llvmlite's own users have, under its own lock
_parse = _function("ParseAssembly", c_void_p, c_void_p, c_char_p, _TEXT)
_dispose_module = _function("DisposeModule", None, c_void_p)
_print_module = _function("PrintModuleToString", None, c_void_p, _TEXT)
_create_tuning = _function("CreatePipelineTuningOptions", c_void_p)
_dispose_tuning = _function("DisposePipelineTuningOptions", None, c_void_p)
_create_builder = _function("CreatePassBuilder", c_void_p, c_void_p, c_void_p)
_dispose_builder = _function("DisposePassBuilder", None, c_void_p)
_build_pipeline = _function("buildPerModuleDefaultPipeline", c_void_p, c_void_p, c_int)
_create_passes = _function("CreateNewModulePassManager", c_void_p)
_dispose_passes = _function("DisposeNewModulePassManger", None, c_void_p)
_run_passes = _function("RunNewModulePassManager", None, c_void_p, c_void_p, c_void_p)


class Module(_Thing):
    """A module that has been read."""

    def __str__(self) -> str:
        return _told(_print_module, self.address)[1]


def parse_assembly(text: str) -> Module:
    """Read a module's text. Raises `RuntimeError` if it is none."""
    found, problem = _told(_parse, _context, text.encode())
    if problem:
        raise RuntimeError(f"LLVM IR parsing error\n{problem}")
    return Module(found, _dispose_module)


def _setting(name: str) -> property:
    """One of a pipeline's."""
    chosen = _function(f"PTOSet{name}", None, c_void_p, c_bool)
    return property(None, lambda self, is_wanted: chosen(self.address, is_wanted))


class PipelineTuningOptions(_Thing):
    """What LLVM's own pipeline does."""

    loop_vectorization = _setting("LoopVectorization")
    loop_interleaving = _setting("LoopInterleaving")
    speed_level = 2


class PassBuilder(_Thing):
    """What makes pipelines for a machine."""

    tuning: PipelineTuningOptions

    def getModulePassManager(self) -> ModulePassManager:  # noqa: N802
        """LLVM's own pipeline."""
        return ModulePassManager(_build_pipeline(self.address, self.tuning.speed_level), _dispose_passes)


def _adding(name: str) -> Callable[[ModulePassManager], None]:
    add = _function(f"module_Add{name}Pass", None, c_void_p)
    return lambda passes: add(passes.address)


class ModulePassManager(_Thing):
    """A pipeline of passes."""

    add_sroa_pass = _adding("SROA")
    add_instruction_combine_pass = _adding("InstCombine")
    add_simplify_cfg_pass = _adding("SimplifyCFG")
    add_merge_functions_pass = _adding("MergeFunctions")

    def run(self, module: Module, builder: PassBuilder) -> None:
        """Do all of them."""
        _run_passes(self.address, module.address, builder.address)


def create_pipeline_tuning_options(speed_level: int) -> PipelineTuningOptions:
    """LLVM's defaults at a level."""
    made = PipelineTuningOptions(_create_tuning(), _dispose_tuning)
    made.speed_level = speed_level
    return made


def create_pass_builder(machine: TargetMachine, tuning: PipelineTuningOptions) -> PassBuilder:
    """What makes pipelines for it."""
    made = PassBuilder(_create_builder(machine.address, tuning.address), _dispose_builder)
    made.tuning = tuning
    return made


def create_new_module_pass_manager() -> ModulePassManager:
    """An empty pipeline."""
    return ModulePassManager(_create_passes(), _dispose_passes)
