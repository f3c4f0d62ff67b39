"""Modules, types and stores that are made, used and ended by several threads at once, in one engine."""

import random
import time
from typing import Any, Final

from fusee import Engine, Instance, Module, Store, StructType, ValType
from fusee.api.object_types import FieldType
from fusee.api.text import wat2wasm
from tests.threads.together import together

SHARED: Final = """(module
  (rec (type $a (sub (struct (field (mut (ref null $b))) (field i32)))) (type $b (sub $a (struct
    (field (mut (ref null $b))) (field i32) (field i64)))))
  (type $f (func (param i32) (result i32)))
  (func $g (type $f) (i32.add (local.get 0) (i32.const 3)))
  (elem declare func $g)
  (func (export "f") (param $n i32) (result i32) (local $x (ref null $a)) (local $sum i32)
    (loop $again
      (local.set $x (if (result (ref $a)) (i32.and (local.get $n) (i32.const 1))
        (then (struct.new $a (ref.null $b) (local.get $n)))
        (else (struct.new $b (ref.null $b) (local.get $n) (i64.const 5)))))
      (if (ref.test (ref $b) (local.get $x)) (then (local.set $sum (i32.add (local.get $sum)
        (i32.wrap_i64 (struct.get $b 2 (ref.cast (ref $b) (local.get $x))))))))
      (local.set $sum (call_ref $f (local.get $sum) (ref.func $g)))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))"""
"""Of which all modules have the types."""

OWN: Final = """(module
  (type $s (struct {fields}))
  (type $t (array (mut (ref null $s))))
  (func (export "f") (param i32) (result i32)
    (local $t (ref $t))
    (local.set $t (array.new $t (struct.new_default $s) (local.get 0)))
    (i32.add (array.len (local.get $t)) (ref.test (ref $s) (array.get $t (local.get $t) (i32.const 0))))))"""
"""Of which each number of fields has types of its own."""

KINDS: Final = ("i32", "i64", "f32", "f64", "(ref null $s)", "externref")


def own_module(number: int) -> bytes:
    """A module with a structure that few others have."""
    fields = []
    while number:
        number, kind = divmod(number, len(KINDS))
        fields.append(f"(field (mut {KINDS[kind]}))")
    return bytes(wat2wasm(OWN.format(fields=" ".join(fields))))


def live_and_end(seconds: float, seed: int = 1) -> int:
    """Have threads do so for some seconds; gives how many modules they have made."""
    engine = Engine()
    shared = bytes(wat2wasm(SHARED))
    own = [own_module(number) for number in range(1, 100)]
    kept = Module(engine, shared)
    end, counts = time.monotonic() + seconds, [0] * 8

    def work(number: int) -> None:
        choice = random.Random(seed * 1000 + number)
        while time.monotonic() < end:
            use_shared(engine, kept if choice.random() < 0.3 else Module(engine, shared), choice)
            use_own(engine, own[choice.randrange(len(own))], choice)
            if choice.random() < 0.5:
                use_made(engine, choice)
            counts[number] += 2

    together(work)
    assert use_shared(engine, kept, random.Random(seed))
    return sum(counts)


def use_shared(engine: Engine, module: Module, choice: random.Random) -> bool:
    store, count = Store(engine), choice.randrange(1, 50)
    f: Any = Instance(store, module, []).exports(store)["f"]
    assert f(store, count) == count * 3 + count // 2 * 5
    if choice.random() < 0.5:
        store.close()
    return True


def use_own(engine: Engine, binary: bytes, choice: random.Random) -> None:
    module, store, count = Module(engine, binary), Store(engine), choice.randrange(1, 50)
    f: Any = Instance(store, module, []).exports(store)["f"]
    assert f(store, count) == count + 1
    if choice.random() < 0.5:
        module.close()
        store.close()


def use_made(engine: Engine, choice: random.Random) -> None:
    """A type that Python makes, of which there are few or many."""
    fields = [FieldType(ValType.i32(), mutable=bool(choice.getrandbits(1))) for _ in range(choice.randrange(1, 9))]
    store = Store(engine)
    type_ = StructType(fields)
    assert store._object_type(type_) == engine._canonical(StructType(list(fields)))
