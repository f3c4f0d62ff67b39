"""A guest that throws, for tests of exceptions."""

from typing import Any

import pytest

from fusee import Engine, Instance, Module, Store

THROWING = """(module
  (tag $t (export "t") (param i32 f64)) (tag $none (export "none"))
  (func $inner (param i32) (throw $t (local.get 0) (f64.const 2.5)))
  (func (export "boom") (param i32) (call $inner (local.get 0)))
  (func (export "empty") (throw $none))
  (func (export "catch") (param i32) (result i32 f64 exnref)
    (block $caught (result i32 f64 exnref)
      (try_table (catch_ref $t $caught) (call $inner (local.get 0)))
      unreachable))
  (func (export "again") (param exnref) (result i32)
    (block $caught (result i32 f64)
      (try_table (catch $t $caught) (throw_ref (local.get 0)))
      unreachable)
    drop))"""


@pytest.fixture
def store() -> Store:
    return Store(Engine())


def instance(store: Store, text: str, *imports: Any) -> Any:
    return Instance(store, Module(store.engine, text), list(imports))
