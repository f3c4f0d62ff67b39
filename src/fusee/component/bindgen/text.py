"""Names and brackets of the Python that is written."""

import keyword
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


def method_name(member: str) -> str:
    """A method's name, in the class of a resource, which has two of its own."""
    return f"{member}_" if member in ("drop", "handle") else identifier(member)


def class_name(name: str) -> str:
    """A name of WIT as classes have it."""
    found = "".join(part[:1].upper() + part[1:] for part in name.split("-"))
    return f"{found}_" if keyword.iskeyword(found) else found


def interface_name(name: str) -> str:
    """The last part of an interface's name."""
    return name.partition("/")[2].partition("@")[0] or name


def wrapped(start: str, parts: list[str], end: str, indent: int = 0) -> str:
    """Parts in brackets: in one line if that is short."""
    line = f"{start}{', '.join(parts)}{end}"
    if len(line) + indent < MOST_LINE and "\n" not in line:
        return line
    inner = " " * (indent + 4)
    return f"{start}\n" + "".join(f"{inner}{part},\n" for part in parts if part) + f"{' ' * indent}{end}"
