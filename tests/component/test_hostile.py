"""Components made to hurt: counts, depths, sizes, truncations, mutations."""

import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from fusee import Engine, FuseeError, LimitError, MalformedError, UnsupportedError, ValidationError, wat2wasm
from fusee.component import Component
from tests.component.encoding import HEADER, index, name, section, types, vector
from tests.component.samples import COMPOSED
from tests.hostile.encoding import unsigned

ROOT = Path(__file__).parent.parent.parent

MOST_SECONDS = 1.5  # of this thread's processor time
U8 = b"\x7d"


def refused(binary: bytes, kind: type[FuseeError] | tuple[type[FuseeError], ...]) -> FuseeError:
    """What is raised, in little time."""
    started = time.thread_time()
    with pytest.raises(kind) as caught:
        Component(Engine(), binary)
    assert time.thread_time() - started < MOST_SECONDS
    return caught.value


def accepted(binary: bytes) -> Component:
    """A component, in little time."""
    started = time.thread_time()
    component = Component(Engine(), binary)
    assert time.thread_time() - started < MOST_SECONDS
    return component


def test_deep_types() -> None:
    accepted(types([b"\x70" + U8, *(b"\x70" + index(i) for i in range(90))]))
    error = refused(types([b"\x70" + U8, *(b"\x70" + index(i) for i in range(10_000))]), ValidationError)
    assert "nested 100 deep" in error.message and error.offset is not None


def test_types_that_double() -> None:
    """Each is a tuple of two of the one before: 2⁴⁰ parts, if one looked at them."""
    pairs = [b"\x6f" + vector([U8]), *(b"\x6f" + vector([index(i), index(i)]) for i in range(26))]
    component = accepted(types(pairs))
    assert component
    refused(types([*pairs, *(b"\x6f" + vector([index(i), index(i)]) for i in range(26, 40))]), ValidationError)
    lists = [b"\x70" + U8]
    for i in range(0, 60, 2):
        lists += [b"\x6f" + vector([index(i), index(i)]), b"\x70" + index(i + 1)]
    accepted(types(lists))


def test_instances_that_double() -> None:
    """Instance types that export two of the one before: substituting resources visits them all."""
    resource = b"\x04\0" + name("r") + b"\x03\x01"
    text = [b"\x42" + vector([resource])]
    for _ in range(30):
        alias = b"\x02\x03\x02\x01" + unsigned(len(text) - 1)
        exports = [b"\x04\0" + name(n) + b"\x05\0" for n in ("a", "b")]
        text.append(b"\x42" + vector([alias, *exports]))
    refused(types(text), (LimitError, ValidationError))


def test_deep_components() -> None:
    binary = HEADER
    for _ in range(1000):
        binary = HEADER + section(4, binary)
    refused(binary, LimitError)
    text = b"\x7d"
    for _ in range(1000):
        text = b"\x42" + vector([b"\x01" + text])
    refused(types([text]), LimitError)


@pytest.mark.parametrize(
    "binary",
    [
        HEADER + section(7, unsigned(0xFFFF_FFFF)),
        HEADER + section(8, unsigned(1 << 30)),
        types([b"\x72" + unsigned(0xFFFF_FFFF)]),
        types([b"\x6d" + unsigned(0x7FFF_FFFF) + name("a")]),
        types([b"\x40" + unsigned(0xFFFF_FFFF)]),
        HEADER + section(2, vector([b"\0\0" + unsigned(0xFFFF_FFFF)])),
        HEADER + section(11, vector([b"\0" + unsigned(0xFFFF_FFFF)])),
        HEADER + b"\x07" + unsigned(0xFFFF_FFFF),
        HEADER + b"\x07\xff\xff\xff\xff\xff\x01",
    ],
)
def test_counts_without_content(binary: bytes) -> None:
    assert refused(binary, (MalformedError, ValidationError)).offset is not None


def test_aliases_of_what_is_not_there() -> None:
    outer = [b"\x03\x02\0\0", b"\x03\x02\x01\0", b"\x04\x02\0\0"]
    for alias in (*outer, b"\x05\0\0" + name("x"), b"\0\0\x01\0" + name("x")):
        assert refused(HEADER + section(6, vector([alias])), ValidationError).offset is not None
    itself = b"\x42" + vector([b"\x02\x03\x02\x01\0"])
    refused(types([itself]), ValidationError)


def test_many_long_names() -> None:
    names = [name(f"{'x' * 90}{i}") for i in range(10_000)]
    accepted(types([b"\x6d" + vector(names)]))
    assert "conflicts" in refused(types([b"\x6d" + vector([*names, names[0]])]), ValidationError).message


CORE = """(core module $m (memory (export "m") 1) (table (export "t") 1 funcref) (table (export "x") 1 externref)
    (func (export "none")) (func (export "callback") (param i32 i32 i32) (result i32) unreachable)
    (func (export "one") (result i32) unreachable) (func (export "three") (param i32 i32 i32) unreachable)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable))
  (core instance $i (instantiate $m)) (alias core export $i "m" (core memory $memory))
  (core func $r (alias core export $i "realloc")) (type $s (stream string)) (type $b (stream u8)) (type $f (future u32))
  (core type $start (func (param i32))) (core type $other (func (param i64)))"""


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("(type (stream char))", "stream<char>"),
        ('(import "r" (type $r (sub resource))) (type (future (borrow $r)))', "borrow"),
        ('(func async (canon lift (core func $i "one") async))', "does not match"),
        ('(func async (canon lift (core func $i "none") async (callback (func $i "callback"))))', "does not match"),
        ('(func async (canon lift (core func $i "one") async (callback (func $i "three"))))', "callback"),
        ('(func async (canon lift (core func $i "none") (callback (func $i "callback"))))', "with `async`"),
        ('(func async (canon lift (core func $i "none") async (post-return (func $i "none"))))', "exclude each other"),
        ('(func (canon lift (core func $i "none") async))', "requires an async function type"),
        ('(func async (canon lift (core func $i "none") async async))', "more than once"),
        ('(import "f" (func $f)) (core func (canon lower (func $f) async))', "requires an async function type"),
        ('(import "f" (func $f async (result u8))) (core func (canon lower (func $f) async))', "memory"),
        (
            '(import "f" (func $f async (param "a" (tuple u8 u8 u8 u8 u8)))) (core func (canon lower (func $f) async))',
            "memory",
        ),
        ("(core func (canon task.return (result string)))", "memory"),
        ("(core func (canon task.return (result u8) (memory $memory) (realloc $r)))", "realloc"),
        ("(core func (canon context.get i32 2))", "slots of context"),
        ("(core func (canon stream.read $s (memory $memory)))", "realloc"),
        ("(core func (canon stream.write $b))", "memory"),
        ("(core func (canon stream.new $f))", "not a stream type"),
        ("(core func (canon future.new $b))", "not a future type"),
        ("(core func (canon error-context.new))", "memory"),
        ("(core func (canon error-context.debug-message (memory $memory)))", "realloc"),
        ('(core func (canon thread.new-indirect $other (core table $i "t")))', "func (param i32)"),
        ('(core func (canon thread.new-indirect $start (core table $i "x")))', "funcref"),
    ],
)
def test_asynchronous_definitions_that_are_wrong(text: str, what: str) -> None:
    text = text.replace("(func $i", "(core func $i")
    error = refused(bytes(wat2wasm(f"(component {CORE} {text})")), ValidationError)
    assert what in error.message and error.offset is not None


@pytest.mark.parametrize("code", [b"\x0c\x02", b"\x06\x02", b"\x0a\x7d\x00", b"\x09\x02", b"\x1f\x00", b"\x2e"])
def test_asynchronous_definitions_that_are_malformed(code: bytes) -> None:
    refused(HEADER + section(8, b"\1" + code), (MalformedError, ValidationError))


def test_threads_that_share_memory_are_refused_by_name() -> None:
    error = refused(HEADER + section(8, b"\1\x40\0\0"), UnsupportedError)
    assert "thread.spawn-ref" in error.message and error.offset is not None


def test_offsets_inside_of_core_modules() -> None:
    module = b"\0asm\1\0\0\0\x01\x01\xff"
    error = refused(HEADER + section(1, module), MalformedError)
    assert error.offset is not None and error.offset > len(HEADER) + 8
    assert "core module, not a component" in refused(module, MalformedError).message


def test_truncations() -> None:
    binary = bytes(wat2wasm(COMPOSED))
    engine = Engine()
    offsets = []
    for length in range(0, len(binary), 7):
        with suppress(FuseeError):
            Component(engine, binary[:length])
            continue
        offsets.append(length)
    assert len(offsets) > len(binary) // 7 - 50  # but for those that end where a section does


def test_mutations() -> None:
    """In small; `python -m tests.component.mutate 0 10000` is the whole."""
    command = [sys.executable, "-m", "tests.component.mutate", "0", "80"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert result.returncode == 0, result.stdout + result.stderr[-2000:]
    assert ", 0 findings" in result.stdout
