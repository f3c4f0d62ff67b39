"""The public interface against wasmtime-py's, and against its own rules: names, signatures, docstrings."""

import ast
import inspect
import textwrap
import tomllib
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

import fusee
from fusee.api.instance import InstanceExports

wasmtime: Any = pytest.importorskip("wasmtime", reason="what the interface is compared with: pip install wasmtime")
DIFFERENCES: dict[str, list[dict[str, Any]]] = tomllib.loads(
    Path(__file__).with_name("wasmtime_differences.toml").read_text()
)  # fmt: skip

KINDS = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def public(owner: Any) -> Iterator[str]:
    """Names without an underscore, and those with two that a class defines for its users."""
    operations = {"__init__", "__call__", "__getitem__", "__len__", "__iter__", "__eq__", "__enter__", "__exit__"}
    for name in dir(owner):
        if not name.startswith("_") or (name in operations and getattr(owner, name) is not getattr(object, name, None)):
            yield name


def names() -> Iterator[tuple[str, Any, Any]]:
    """Each public name of wasmtime-py's, and what it stands for there and here; here None if it is missing."""
    for name in public(wasmtime):
        theirs, ours = getattr(wasmtime, name), getattr(fusee, name, None)
        if inspect.ismodule(theirs):
            continue  # `wasmtime.component`
        yield name, theirs, ours
        if inspect.isclass(theirs) and ours is not None:
            members = [m.name for m in theirs] if issubclass(theirs, Enum) else public(theirs)
            settings = set(dir(ours())) if ours is fusee.Config else set()  # which are taken as they are set
            for member in members:
                found = getattr(ours, member, None) or getattr(ours, "__dataclass_fields__", {}).get(member)
                yield f"{name}.{member}", getattr(theirs, member), found or (member in settings or None)


def parameters(function: Any) -> list[inspect.Parameter]:
    return [p for p in inspect.signature(function).parameters.values() if p.name != "self"]


def refusal(theirs: Any, ours: Any) -> str:
    """Why a call that wasmtime-py takes would not be taken here; empty if there is no reason."""
    wanted, found = parameters(theirs), parameters(ours)
    if any(p.kind is inspect.Parameter.VAR_POSITIONAL for p in found):
        return ""
    for position, parameter in enumerate(wanted):
        if parameter.kind not in KINDS:
            return f"takes no *{parameter.name}"
        if position >= len(found) or found[position].name != parameter.name:
            return f"has no parameter {parameter.name} at {position}"
        if parameter.default is not inspect.Parameter.empty and found[position].default != parameter.default:
            return f"{parameter.name} has another default"
    for extra in found[len(wanted) :]:
        if extra.default is inspect.Parameter.empty and extra.kind in KINDS:
            return f"needs {extra.name}, too"
    return ""


def listed(kind: str) -> set[str]:
    """The names that entries of a kind are about."""
    assert all(entry["why"] for entry in DIFFERENCES[kind])
    return {name for entry in DIFFERENCES[kind] for name in entry["names"]}


def test_every_name_of_wasmtimes_is_here_or_its_absence_explained() -> None:
    missing = {name for name, _, ours in names() if ours is None}
    assert sorted(name for name in missing if not {name, f"*.{name.partition('.')[2]}"} & listed("missing")) == []
    stale = {name for name in listed("missing") if not name.startswith("*")} - missing
    assert sorted(stale) == [], "stale"


def test_calls_for_wasmtime_are_taken_here_or_the_difference_explained() -> None:
    different = {
        name: why
        for name, theirs, ours in names()
        if (inspect.isfunction(theirs) or inspect.ismethod(theirs)) and not name.endswith("__eq__")
        if ours is not None and (why := refusal(theirs, ours))
    }
    assert sorted(set(different) - listed("signatures")) == [], different
    assert sorted(listed("signatures") - set(different)) == [], "stale"


def test_trap_codes_have_wasmtimes_numbers() -> None:
    for code in fusee.TrapCode:
        assert wasmtime.TrapCode[code.name].value == code.value


def test_properties_are_properties() -> None:
    different = [
        name
        for name, theirs, ours in names()
        if isinstance(theirs, property) and ours is not None and callable(ours) and not isinstance(ours, property)
    ]
    assert different == []


def documented() -> Iterator[tuple[str, Any]]:
    """What must have a docstring: public classes and functions, their constructors, methods and properties."""
    for name in fusee.__all__:
        value = getattr(fusee, name)
        if not callable(value) or name == "Storelike":  # which is for type checkers
            continue
        yield name, value
        if inspect.isclass(value):
            yield from members(name, value)
    yield from members("InstanceExports", InstanceExports)


def members(name: str, owner: type) -> Iterator[tuple[str, Any]]:
    for base in owner.__mro__:
        if base.__module__.startswith("fusee."):
            for key, member in vars(base).items():
                is_constructor = key == "__init__" and not hasattr(owner, "__dataclass_fields__") and base is owner
                if (is_constructor or not key.startswith("_")) and (
                    callable(member) or isinstance(member, property | classmethod)
                ):
                    yield f"{name}.{key}", member


def test_everything_public_has_a_docstring() -> None:
    assert sorted({name for name, value in documented() if not (value.__doc__ or "").strip()}) == []


def assigned(owner: type) -> set[str]:
    """The attributes that a class's methods give to `self`, and its slots."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(owner)))
    stored = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store)
              and isinstance(n.value, ast.Name) and n.value.id == "self"}  # fmt: skip
    return stored | set(vars(owner).get("__slots__", ()))


VALUES = [getattr(fusee, name) for name in fusee.__all__]
CLASSES = [value for value in VALUES if inspect.isclass(value) and value.__module__.startswith("fusee.")]


@pytest.mark.parametrize("owner", CLASSES, ids=lambda c: c.__name__)
def test_attributes_are_documented_or_internal(owner: type) -> None:
    """What the class's docstring or the constructor's names, or what is a property, is public."""
    described = f"{owner.__doc__} {vars(owner).get('__init__').__doc__}"
    public_names = {name for name in assigned(owner) if not name.startswith("_")}
    assert {
        n for n in public_names if f"`{n}`" not in described and not isinstance(vars(owner).get(n), property)
    } == set()
