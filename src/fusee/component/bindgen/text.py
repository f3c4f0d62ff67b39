"""Names and brackets of the Python that is written."""

import keyword
from collections.abc import Collection
from typing import Final

MOST_LINE: Final = 120
MODULES: Final = {
    "dataclasses": ("dataclass",), "collections.abc": ("AsyncIterable", "Awaitable", "Iterable"),
    "typing": ("Any", "Literal", "Protocol", "runtime_checkable"), "fusee": ("Store",),
    "fusee.component": (
        "Component", "ErrorContextValue", "Func", "FutureReader", "Instance", "Linker", "Record", "ResourceAny",
        "ResourceHost", "ResourceType", "StreamReader", "Variant",
    ),
}  # fmt: skip


def identifier(name: str) -> str:
    """A name of WIT as Python has it."""
    found = name.replace("-", "_")
    return f"{found}_" if keyword.iskeyword(found) else found


def class_name(name: str) -> str:
    """A name of WIT as classes have it."""
    found = "".join(part[:1].upper() + part[1:] for part in name.split("-"))
    return f"{found}_" if keyword.iskeyword(found) else found


def interface_name(name: str) -> str:
    """The last part of an interface's name."""
    return name.partition("/")[2].partition("@")[0] or name


def unique(name: str, used: set[str]) -> str:
    """A name that nothing else has; it is used from then on."""
    found, number = name, 1
    while found in used:
        number += 1
        found = f"{name}{number}"
    used.add(found)
    return found


def unique_in(used: set[str], own: Collection[str], name: str) -> str:
    """A name for a class that has names of its own."""
    return unique(f"{name}_" if name in own else name, used)


def wrapped(start: str, parts: list[str], end: str, indent: int = 0) -> str:
    """Parts in brackets: in one line if that is short."""
    line = f"{start}{', '.join(parts)}{end}"
    if len(line) + indent < MOST_LINE and "\n" not in line:
        return line
    inner = " " * (indent + 4)
    return f"{start}\n" + "".join(f"{inner}{part},\n" for part in parts if part) + f"{' ' * indent}{end}"
