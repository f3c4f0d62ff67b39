"""The interface of components against wasmtime-py's, and against its own rules."""

import inspect
from typing import Any

import pytest

import fusee.component as ours
from fusee import Engine, WasmtimeError
from fusee.component import Component

theirs: Any = pytest.importorskip("wasmtime.component", reason="what the interface is compared with")
INTERNAL = {"ptr", "add_classes", "convert_to_c", "convert_from_c"}
"""Of wasmtime-py's C interface."""


def test_all_names_are_here() -> None:
    missing = []
    for name in theirs.__all__:
        found = getattr(ours, name, None)
        if found is None:
            missing.append(name)
        elif inspect.isclass(getattr(theirs, name)):
            members = {m for m in dir(getattr(theirs, name)) if not m.startswith("_")} - INTERNAL
            present = set(dir(found)) | set(getattr(found, "__dataclass_fields__", ())) | {"engine", "allow_shadowing"}
            missing += [f"{name}.{member}" for member in members - present]
    assert missing == []
    assert set(ours.__all__) >= set(theirs.__all__)


def test_everything_public_is_described() -> None:
    undescribed = []
    for name in ours.__all__:
        found = getattr(ours, name)
        if not inspect.isclass(found):
            continue
        public = {n: m for n, m in vars(found).items() if not n.startswith("_")}
        members = {n: m for n, m in public.items() if callable(m) or hasattr(m, "fget")}
        undescribed += [n for n, m in {name: found, **members}.items() if not inspect.getdoc(m)]
    assert undescribed == []


def test_what_is_said_beside_a_name() -> None:
    engine = Engine()
    imports = Component(engine, '''(component
      (import "a" (func))
      (import "b" (external-id "outside") (func))
      (import "c" (implements "d:e/f") (instance)))''').type.imports(engine)  # fmt: skip
    assert [extern.implements for extern in imports.values()] == [None, None, "d:e/f"]
    assert [extern.external_id for extern in imports.values()] == [None, "outside", None]
    assert imports["c"].is_implements("d:e/f") and not imports["a"].is_implements("d:e/f")
    with pytest.raises(WasmtimeError, match="Cannot directly construct"):
        ours.ComponentExtern()
