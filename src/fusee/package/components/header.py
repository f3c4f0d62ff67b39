"""The C header of a component: its world as a comment, and constants for what in values are numbers."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from fusee.component.component import Component
from fusee.component.items import ComponentInstanceType, shown
from fusee.component.types.composite import EnumType, FlagsType, RecordType, VariantType
from fusee.component.wit import wit
from fusee.package.components.plan import Whole


def identifier(*words: str) -> str:
    """Words as the name of a constant."""
    return "_".join(re.sub(r"[^0-9A-Za-z]+", "_", word).strip("_").upper() for word in words if word)


def write_header(name: str, component: Component, whole: Whole) -> str:
    """Constants begin with the component's name, and that of the interface without package and version."""
    guard = identifier("fusee component", name, "h")
    lines = [f"/* The component {name}. Written by `fusee build --component`.", " *"]
    lines += [f" *{f'   {line}' if line else ''}" for line in wit(component.type).replace("*/", "* /").splitlines()]
    lines += [" */", "", f"#ifndef {guard}", f"#define {guard}", "", '#include "fusee_component.h"']
    type_ = component.type
    made: dict[str, str] = {}
    for interface, items in _interfaces({**type_._imports, **type_._exports}):
        constants = _constants(identifier(name, _short(interface)), items)
        found = {constant: text for constant, text in constants if made.setdefault(constant, text) == text}
        lines += _block(interface or "The world", found)
    resources: dict[str, str] = {}
    for number, resource in enumerate(whole.resources):
        place = resource.name
        resources.setdefault(identifier(name, _short(place.interface), place.name), str(number))
    lines += _block("Resources", {key: text for key, text in resources.items() if key not in made})
    return "\n".join([*lines, "", "#endif", ""])


def _short(interface: str) -> str:
    return interface.partition("@")[0].rpartition("/")[2]


def _interfaces(items: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield "", items
    for name, item in items.items():
        ty = shown(item)
        if isinstance(ty, ComponentInstanceType):
            yield name, ty._exports


def _constants(prefix: str, items: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, item in items.items():
        ty = shown(item)
        if isinstance(ty, FlagsType):
            yield from ((identifier(prefix, name, flag), f"0x{1 << bit:X}u") for bit, flag in enumerate(ty._names))
            continue
        parts: list[str] = []
        if isinstance(ty, RecordType):
            parts = [field for field, _ in ty._fields]
        elif isinstance(ty, VariantType):
            parts = [case for case, _ in ty._cases()]
        elif isinstance(ty, EnumType):
            parts = list(ty._names)
        yield from ((identifier(prefix, name, part), str(number)) for number, part in enumerate(parts))


def _block(title: str, constants: Mapping[str, str]) -> list[str]:
    if not constants:
        return []
    return ["", f"/* {title} */", "", *(f"#define {name} {text}" for name, text in constants.items())]
