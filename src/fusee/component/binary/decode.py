"""Decodes and validates a component (Binary, "Component Definitions"), in one pass."""

from collections.abc import Callable
from typing import Any, Final

from fusee.api.engine import Engine
from fusee.api.errors import LimitError, MalformedError, UnsupportedError, WasmtimeError
from fusee.api.module import Module
from fusee.component.binary.aliases import decode_alias, decode_type_alias
from fusee.component.binary.canons import decode_canon
from fusee.component.binary.core import CoreTypes, defined_func, module_type
from fusee.component.binary.externs import decode_export, decode_export_declaration, decode_import
from fusee.component.binary.instances import decode_core_instance, decode_instance
from fusee.component.binary.reader import Reader, invalid
from fusee.component.binary.scope import COMPONENT, COMPONENT_TYPE, INSTANCE_TYPE, MOST_DEPTH, Scope
from fusee.component.binary.settle import settle
from fusee.component.binary.typedefs import TypeDecoder
from fusee.component.binary.waits import waiting_functions
from fusee.component.items import ComponentInstanceType, ComponentType, ModuleType
from fusee.component.program import COMPONENT as COMPONENTS
from fusee.component.program import CORE_MODULE, TYPE, DefineComponent, DefineModule, Program
from fusee.component.substitution import Work

MAGIC: Final = b"\0asm"
VERSION: Final = b"\x0d\0\x01\0"
_MODULE_VERSION: Final = b"\x01\0\0\0"


def decode(engine: Engine, data: bytes) -> Program:
    """The component in `data`.

    Raises `MalformedError`, `ValidationError` and `UnsupportedError` with an offset, `LimitError`.
    """
    decoder = Decoder(engine)
    program = decoder.component(Reader(data, 0, len(data)))
    if engine._gives_native_code:
        modules = decoder.modules
        waiting = waiting_functions(program, modules) if decoder.can_block else [frozenset[int]()] * len(modules)
        for module, functions in zip(modules, waiting, strict=True):
            if functions is not None:
                module._use_native_code(interpreted=functions)
    return settle(program, decoder.work)


class Decoder:
    """One component with all that is in it."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.work = Work()
        self.scopes: list[Scope] = []
        self.modules: list[Module] = []
        """All core modules."""
        self.can_block = False
        """Whether a function of any of the components may wait in place."""

    @property
    def scope(self) -> Scope:
        """The innermost scope."""
        return self.scopes[-1]

    def enter(self, kind: str, offset: int) -> Scope:
        """A new scope, the innermost from now on."""
        if len(self.scopes) >= MOST_DEPTH:
            raise LimitError(f"components and their types may be nested {MOST_DEPTH} deep", offset)
        scope = Scope(kind, self.work)
        self.scopes.append(scope)
        return scope

    def component(self, reader: Reader) -> Program:
        """A component with its preamble."""
        start = reader.position
        if reader.take(min(4, reader.end - start)).rest() != MAGIC:
            raise MalformedError("magic header not detected: bad magic number", start)
        version = reader.take(min(4, reader.end - reader.position)).rest()
        if version == _MODULE_VERSION:
            raise MalformedError("this is a core module, not a component", start + 4)
        if version != VERSION:
            raise MalformedError("unknown binary version of a component", start + 4)
        scope = self.enter(COMPONENT, start)
        while not reader.is_done:
            where = reader.position
            code = reader.byte()
            length = reader.u32()
            section = reader.take(length)
            self.section(code, section, where)
        self.scopes.pop()
        program = Program(self.type_of(scope), tuple(scope.steps))
        self.can_block = self.can_block or program.can_block
        return program

    @staticmethod
    def type_of(scope: Scope) -> ComponentType:
        """The type of the component that a scope is of."""
        made = ComponentType._of(scope.imports.items, scope.exports.items, tuple(scope.imported), tuple(scope.defined))
        made._import_attributes, made._attributes = scope.imports.attributes, scope.exports.attributes
        return made

    def section(self, code: int, reader: Reader, offset: int) -> None:
        """One section."""
        if code == 0:
            reader.name()
            return
        if code == 1:
            self.module(reader)
            return
        if code == 4:
            self.nested(reader)
            return
        if code in (9, 12):
            raise UnsupportedError("values and start functions of components are not supported", offset)
        decode = _SECTIONS.get(code)
        if decode is None:
            raise MalformedError(f"malformed section id {code}", offset)
        for _ in range(reader.count("definitions")):
            self.work.spend()
            decode(self, reader)
        reader.finish("a section")

    def module(self, reader: Reader) -> None:
        """A core module."""
        start = reader.position
        binary = reader.rest()
        if binary[4:8] != _MODULE_VERSION:
            raise MalformedError("a core module is expected here: unknown binary version", start + 4)
        try:
            module = Module._interpreted(self.engine, binary)
        except WasmtimeError as error:
            raise type(error)(error.message, None if error.offset is None else start + error.offset) from None
        imports = {(item.module, item.name): item.type for item in module.imports}
        exports = {item.name: item.type for item in module.exports}
        if len(imports) < len(module.imports):
            raise invalid("duplicate import name: a core module in a component imports each item once", start)
        self.work.spend(len(imports) + len(exports))
        self.modules.append(module)
        self.scope.steps.append(DefineModule(module))
        self.scope.spaces[CORE_MODULE].append(ModuleType._of(imports, exports))

    def nested(self, reader: Reader) -> None:
        """A component in the component."""
        program = self.component(reader)
        self.scope.steps.append(DefineComponent(program))
        self.scope.spaces[COMPONENTS].append(program.type)

    def core_type(self, reader: Reader) -> None:
        """A core type, of a function or a module."""
        types = self.scope.core_types.types
        if reader.peek() == 0x50:
            reader.byte()
            types.append(module_type(reader, self.core_scopes()))
        else:
            types.append(defined_func(reader))

    def core_scopes(self) -> list[CoreTypes]:
        """The core types of all scopes, the innermost last."""
        return [scope.core_types for scope in self.scopes]

    def type(self, reader: Reader) -> None:
        """A type."""
        start = reader.position
        code = reader.byte()
        types = TypeDecoder(self.scope)
        made: Any
        if code == 0x3F:
            types.resource_definition(reader)
            return
        if code in (0x40, 0x43):
            made = types.func(reader, code == 0x43)
        elif code == 0x41:
            made = self.component_type(reader, start)
        elif code == 0x42:
            made = self.instance_type(reader, start)
        else:
            made = types.defined(code, reader)
        if getattr(made, "_depth", 0) > MOST_DEPTH and isinstance(made, ComponentInstanceType | ComponentType):
            raise LimitError(f"types of components may be nested {MOST_DEPTH} deep", start)
        self.scope.spaces[TYPE].append(made)

    def component_type(self, reader: Reader, offset: int) -> ComponentType:
        """The type of a component."""
        scope = self.enter(COMPONENT_TYPE, offset)
        self.declarations(reader)
        self.scopes.pop()
        return self.type_of(scope)

    def instance_type(self, reader: Reader, offset: int) -> ComponentInstanceType:
        """The type of an instance."""
        scope = self.enter(INSTANCE_TYPE, offset)
        self.declarations(reader)
        self.scopes.pop()
        made = ComponentInstanceType._of(scope.exports.items, tuple(scope.defined))
        made._attributes = scope.exports.attributes
        return made

    def declarations(self, reader: Reader) -> None:
        """What such a type declares."""
        for _ in range(reader.count("declarations", 2)):
            self.work.spend()
            code = reader.byte()
            if code == 0x00:
                self.core_type(reader)
            elif code == 0x01:
                self.type(reader)
            elif code == 0x02:
                decode_type_alias(self, reader)
            elif code == 0x03 and self.scope.kind == COMPONENT_TYPE:
                decode_import(self, reader)
            elif code == 0x04:
                decode_export_declaration(self, reader)
            else:
                raise reader.malformed("malformed declaration of a type")


_SECTIONS: Final[dict[int, Callable[[Decoder, Reader], None]]] = {
    2: lambda decoder, reader: decode_core_instance(decoder.scope, reader),
    3: Decoder.core_type,
    5: lambda decoder, reader: decode_instance(decoder.scope, reader),
    6: lambda decoder, reader: decode_alias(decoder.scopes, reader),
    7: Decoder.type,
    8: lambda decoder, reader: decode_canon(decoder.scope, reader),
    10: lambda decoder, reader: decode_import(decoder, reader),
    11: lambda decoder, reader: decode_export(decoder, reader),
}
