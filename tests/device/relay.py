"""A component that passes calls on: what it exports calls a function of WASI's, with the guest's own handles."""

import re
from typing import Final

from fusee.component.layout import layout_of, parameters_type
from fusee.component.types.composite import (
    EnumType,
    FlagsType,
    ListType,
    OptionType,
    RecordType,
    ResultType,
    TupleType,
    VariantType,
)
from fusee.component.types.primitive import S32, S64, U8, U16, U32, U64, Bool, String
from fusee.component.types.resource import BorrowType, HandleType, ResourceType
from fusee.component.types.valtype import ValType
from fusee.wasi.p2 import define  # noqa: F401  # fills the table
from fusee.wasi.p2.http import client  # noqa: F401  # and what few programs need
from fusee.wasi.p2.interface import INTERFACES, VERSION, HostFunction, Interface
from tests.component.guests import LIBC

_PRIMITIVES: Final[dict[type[ValType], str]] = {
    Bool: "bool", U8: "u8", U16: "u16", U32: "u32", S32: "s32", S64: "s64", U64: "u64", String: "string",
}  # fmt: skip
_RESULT_AT: Final = 16


def name_of(interface: str, function: str) -> str:
    """What an interface's function, or a resource's end, is exported as."""
    return re.sub(r"\[\w+\]", "", f"{interface}-{function}").replace("/", "-").replace(".", "-")


class Types:
    """Types in the text format, those with names after their definition; handles are what `handle` makes of them."""

    def __init__(self, prefix: str, names: dict[ResourceType, str] | None) -> None:
        self.prefix, self.names = prefix, names
        self.lines: list[str] = []
        self._known: dict[ValType, str] = {}

    def text(self, ty: ValType) -> str:
        """A type where one is used."""
        if type(ty) in _PRIMITIVES:
            return _PRIMITIVES[type(ty)]
        if isinstance(ty, HandleType):
            kind = "borrow" if isinstance(ty, BorrowType) else "own"
            return "u32" if self.names is None else f"({kind} ${self.names[ty._ty]})"
        if isinstance(ty, ListType):
            return f"(list {self.text(ty._element)})"
        if isinstance(ty, OptionType):
            return f"(option {self.text(ty._payload)})"
        if isinstance(ty, TupleType):
            return f"(tuple {' '.join(map(self.text, ty._elements))})"
        if isinstance(ty, ResultType):
            error = "" if ty._err is None else f" (error {self.text(ty._err)})"
            return f"(result {'' if ty._ok is None else self.text(ty._ok)}{error})"
        return self._named(ty)

    def _named(self, ty: ValType) -> str:
        if ty not in self._known:
            text = self._definition(ty)
            name = f"{self.prefix}-t{len(self._known)}"
            self._known[ty] = f"${name}"
            self.lines.append(f"(type ${name}-inner {text})")
            self.lines.append(
                f'(export ${name} "{name}" (type ${name}-inner))' if self.names is None
                else f'(export "{name}" (type ${name} (eq ${name}-inner)))'
            )  # fmt: skip
        return self._known[ty]

    def _definition(self, ty: ValType) -> str:
        if isinstance(ty, RecordType):
            fields = [f'(field "{name}" {self.text(part)})' for name, part in ty._fields]
            return f"(record {' '.join(fields)})"
        if isinstance(ty, VariantType):
            cases = [(name, "" if part is None else self.text(part)) for name, part in ty._cases()]
            return f"(variant {' '.join(f'(case {name!r} {part})' for name, part in cases)})".replace("'", '"')
        assert isinstance(ty, EnumType | FlagsType)
        names = " ".join(f'"{name}"' for name in ty._names)
        return f"({'enum' if isinstance(ty, EnumType) else 'flags'} {names})"

    def function(self, function: HostFunction) -> str:
        """The parameters and result."""
        params = " ".join(f'(param "{name}" {self.text(ty)})' for name, ty in function.params)
        return params if function.result is None else f"{params} (result {self.text(function.result)})"


class _Relay:
    """The text as it is written, part by part."""

    def __init__(self, interfaces: tuple[str, ...]) -> None:
        self.owners: dict[ResourceType, str] = {}
        self.types = Types("x", None)
        self.imports: list[str] = []  # the component's
        self.core: list[str] = []  # functions
        self.core_imports, self.core_functions = ['(import "m" "memory" (memory 1))'], list[str]()
        self.given: list[str] = []
        self.lifted: list[str] = []
        for name in interfaces:
            interface = INTERFACES[f"wasi:{name}@{VERSION}"]
            self._import(name, interface)
            for function in interface.functions.values():
                self._pass_on(name, function)

    def _import(self, name: str, interface: Interface) -> None:
        inner: list[str] = []
        own: list[str] = []
        local: set[ResourceType] = set()
        for word, ty in interface.names.items():
            if isinstance(ty, ResourceType) and ty in local:
                inner.append(f'(export "{word}" (type (eq ${self.owners[ty]})))')
            elif isinstance(ty, ResourceType) and ty in self.owners:
                known = self.owners[ty]
                inner.append(f"(alias outer 1 ${known} (type ${known}-outer))")
                inner.append(f'(export "{word}" (type ${known} (eq ${known}-outer)))')
                local.add(ty)
            elif isinstance(ty, ResourceType):
                local.add(ty)
                self.owners[ty] = f"r-{word}"
                own.append(word)
                inner.append(f'(export "{word}" (type $r-{word} (sub resource)))')
        types = Types("i", self.owners)
        functions = [f'(export "{key}" (func {types.function(one)}))' for key, one in interface.functions.items()]
        label = name.replace("/", "-")
        self.imports.append(f'(import "wasi:{name}@{VERSION}" (instance ${label}')
        self.imports += [*inner, *types.lines, *functions, "))"]
        for word in own:
            self.imports.append(f'(alias export ${label} "{word}" (type $r-{word}))')
            self.core.append(f"(core func $end-{word} (canon resource.drop $r-{word}))")
            self._add(f"end-{word}", "i32", "", f"(call $end-{word} (local.get 0))")
            self.lifted.append(f'(func (export "end-{word}") (param "x" u32) (canon lift (core func $i "end-{word}")))')

    def _pass_on(self, interface: str, function: HostFunction) -> None:
        label, number = interface.replace("/", "-"), f"f{len(self.given)}"
        options = "(memory $memory) (realloc $realloc)"
        self.core.append(f'(core func ${number} (canon lower (func ${label} "{function.name}") {options}))')
        lift = f'(canon lift (core func $i "{number}") {options})'
        whole = name_of(interface, function.name)
        self.lifted.append(f'(func (export "{whole}") {self.types.function(function)} {lift})')
        params = layout_of(parameters_type([ty for _, ty in function.params])).flat
        flat = () if function.result is None else layout_of(function.result).flat
        assert params is not None
        gets = " ".join(f"(local.get {i})" for i in range(len(params)))
        if flat is None or len(flat) > 1:
            call = f"(call ${number} {gets} (i32.const {_RESULT_AT})) (i32.const {_RESULT_AT})"
            self._add(number, " ".join(params), "i32", call, is_indirect=True)
        else:
            self._add(number, " ".join(params), " ".join(flat), f"(call ${number} {gets})")

    def _add(self, name: str, params: str, result: str, call: str, is_indirect: bool = False) -> None:
        """A core function that calls the import of the same name."""
        gives = f"(result {result})" if result else ""
        given = f"(param {params} i32)" if is_indirect else f"(param {params}) {gives}"
        self.given.append(name)
        self.core_imports.append(f'(import "w" "{name}" (func ${name} {given}))')
        self.core_functions.append(f'(func (export "{name}") (param {params}) {gives} {call})')

    @property
    def text(self) -> str:
        given = " ".join(f'(export "{name}" (func ${name}))' for name in self.given)
        module = ["(core module $relay", *self.core_imports, *self.core_functions, ")"]
        made = f'(core instance $i (instantiate $relay (with "m" (instance $libc)) (with "w" (instance {given}))))'
        lines = [*self.imports, LIBC, *self.core, *module, made, *self.types.lines, *self.lifted]
        return "\n".join(["(component", *lines, ")"])


def relay(*interfaces: str) -> str:
    """The component for some interfaces of WASI 0.2, those before others whose resources these use."""
    return _Relay(interfaces).text
