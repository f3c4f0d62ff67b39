"""Entries of the cache that have a right checksum and are nothing that could be there: as if they were not."""

import contextlib
import marshal
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from fusee import Config, Engine, Instance, Module, Store, WasmtimeError
from fusee.api._serialized import Serialized
from fusee.api.text import wat2wasm
from fusee.kernel.cache import Cache, digest
from fusee.kernel.image import Image
from fusee.kernel.target import Target
from fusee.native import host, key, units
from fusee.native.batch import Wish, compile_batch
from fusee.native.code import Kept, Place, packed, unpacked
from fusee.native.compile import Options, plan
from fusee.native.sections import read_module
from fusee.native.shelf import Shelf
from fusee.native.units import compile_units, objects_for_device
from fusee.native.worker import Job
from tests.kernel.misread import wrong_contents

pytestmark = pytest.mark.usefixtures("own_cache")

TEXT = """(module (func $half (param i64) (result i64) (i64.shr_u (local.get 0) (i64.const 1)))
  (func (export "answer") (param i64) (result i64) (i64.add (call $half (local.get 0)) (i64.const 2))))"""
BINARY = bytes(wat2wasm(TEXT))


def answer(strategy: str) -> object:
    config = Config()
    config.strategy = strategy
    store = Store(Engine(config))
    exports = Instance(store, Module(store.engine, BINARY), []).exports(store)
    return exports["answer"](store, 80)  # type: ignore[operator]


def entries(kind: str) -> list[tuple[str, bytes]]:
    folder = Path(os.environ["FUSEE_CACHE"], kind)
    return [(path.stem, path.read_bytes()[4:]) for path in folder.iterdir()]


def wrong_code(contents: bytes) -> Iterator[bytes]:
    """And code of which something else is said than there is."""
    yield from wrong_contents(contents)
    kept = unpacked(contents)
    assert kept.image is not None
    for functions in ({-1: ("a", "b")}, {0: ("a", "b")}, {0: 1}, {"0": ("a", "b")}, {1 << 40: ("a", "b")}):
        yield packed(functions, {}, [], kept.image)  # type: ignore[arg-type]
    ((entry, code), *_) = kept.functions.values()
    yield packed({99: (entry, code)}, {}, [], kept.image)  # a function that the module does not have
    empty = Image(b"", 0, [], {}, {entry: 0, code: 0})
    yield packed({0: (entry, code)}, {}, [], empty)
    for loop in ((0, 0, 0, 0), (0, 0, 0, 0, -1), (99, 0, 0, 0, 0)):
        head = marshal.dumps({"functions": {}, "reasons": {}, "loops": [(loop, code)], "quick": False})
        yield len(head).to_bytes(8, "little") + head + kept.image.to_bytes()


def test_whose_code_it_is() -> None:
    """The engine does not look whether a function or loop is the module's."""
    kept = unpacked(compile_batch(read_module(BINARY), Wish([0, 1], [], [], 1000, called=[])))
    assert kept.functions.keys() == {0, 1}
    assert [kept.is_of(own) for own in (range(2), range(1), range(1, 2))] == [True, False, False]
    loop = Kept({}, {}, {Place(1, 0, 0, 0, 0): ""}, False, kept.image, kept.contents)
    assert [loop.is_of(own) for own in (range(2), range(1))] == [True, False]


@pytest.mark.parametrize("strategy", ["native", "tiered"])
def test_native_code_of_a_module(strategy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert host.kept_code(BINARY) is not None
    ((name, contents),) = entries("native")
    monkeypatch.setattr(host, "build", lambda *given: contents)
    for wrong in wrong_code(contents):
        assert Cache().write("native", name, wrong)
        assert answer(strategy) == 42


def test_serialized_modules() -> None:
    """Whoever names one is told."""
    config = Config()
    config.strategy = "native"
    engine = Engine(config)
    serialized = Serialized.from_bytes(Module(engine, BINARY).serialize())
    exported = host.exported_code(BINARY)
    start = len(key.key_of(digest(BINARY), "exported", False))
    for wrong in wrong_code(exported[start:]):
        encoded = Serialized(serialized.binary, exported[:start] + wrong).to_bytes()
        if unpacks(wrong):  # to code of other functions than the module has
            store = Store(engine)
            exports = Instance(store, Module.deserialize(engine, encoded), []).exports(store)
            assert exports["answer"](store, 80) == 42  # type: ignore[operator]
        else:
            with pytest.raises(WasmtimeError, match="this serialized module is damaged"):
                Module.deserialize(engine, encoded)


def unpacks(contents: bytes) -> bool:
    with contextlib.suppress(Exception):
        unpacked(contents)
        return True
    return False


def test_batches() -> None:
    contents = compile_batch(read_module(BINARY), Wish([0, 1], [], [], 1000, called=[]))
    shelf = Shelf(BINARY, False)
    for wrong in wrong_code(contents):
        shelf.add(wrong, [0, 1])
        assert answer("tiered") == 42
        Shelf(BINARY, False).add(contents, [0, 1])
        assert [set(kept.functions) for _, kept in Shelf(BINARY, False).all()][-1:] == [{0, 1}]


def test_loops_without_code() -> None:
    """There is none at the address that a symbol has which is not there."""
    kept = unpacked(compile_batch(read_module(BINARY), Wish([0, 1], [], [], 1000, called=[])))
    assert kept.image is not None
    ((_, code), *_) = kept.functions.values()
    place = Place(0, 0, 0, 0, 0)
    assert unpacks(packed({}, {}, [(place, code)], kept.image))
    assert not unpacks(packed({}, {}, [(place, "a")], kept.image))


@pytest.mark.parametrize("names", ["../" + "a" * 37, "a", "\0" * 40, "é" * 40])
def test_lists_of_batches(names: str) -> None:
    """They name files, which are deleted when there are newer ones."""
    shelf = Shelf(BINARY, False)
    shelf.add(compile_batch(read_module(BINARY), Wish([0], [], [], 1000, called=[])), [0])
    ((place, contents),) = entries("tier")
    for wrong in (names.encode(), contents + b"\n" + names.encode()):
        Cache().write("tier", place, wrong)
        assert Shelf(BINARY, False).all() == []
        assert answer("tiered") == 42


def test_what_is_known_of_runs() -> None:
    host.kept_code(BINARY)
    ((place, _),) = entries("run")
    for wrong in wrong_contents(b"native"):
        Cache().write("run", place, wrong)
        assert answer("tiered") == 42


def test_digests_of_sources() -> None:
    key.sources_digest.cache_clear()
    known = key.sources_digest()
    ((place, contents),) = entries("sources")
    for wrong in wrong_contents(contents):
        Cache().write("sources", place, wrong)
        key.sources_digest.cache_clear()
        assert key.sources_digest() == known


def test_units() -> None:
    """Of a compilation that was interrupted."""
    the_plan, options = plan(BINARY), Options(Target.host())
    job = Job(the_plan, options)
    made = compile_units(job, 1)
    kept = units._Kept(job)
    for wrong in wrong_contents(made[0], begins_right=False):
        kept.write(0, wrong)
        assert compile_units(job, 1) == made


def test_native_code_for_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    options = Options(Target.parse("arm64_32-apple-watchos"), for_this_process=False)
    made = objects_for_device(BINARY, options)
    assert made is not None
    ((place, contents),) = entries("native")
    monkeypatch.setattr(units, "compile_module", lambda *given: made)
    for wrong in (*wrong_contents(contents), b"\2\0\0\0\0\0\0\0{}", contents[:-1], contents + b"\0"):
        Cache().write("native", place, wrong)
        assert objects_for_device(BINARY, options) == made
        assert entries("native") == [(place, contents)]
