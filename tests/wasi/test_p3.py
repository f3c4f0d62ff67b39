"""WASI 0.3: clocks, standard streams and files, from components that wait in place."""

import asyncio
import inspect
import os
import threading
import time
from pathlib import Path

import pytest

from fusee import Engine, ExitTrap, Store
from fusee.component import Component, Func, Linker
from fusee.wasi import WasiConfig, WasiContext
from fusee.wasi.p2.wit import read_function
from fusee.wasi.p3 import cli, define, filesystem  # noqa: F401  # which fill the table
from fusee.wasi.p3.interface import INTERFACES
from fusee.wasi.p3.transfer import Outcome
from tests.wasi.p3programs import CAT, CODES, COPY, HELLO, WAITER


def start(text: str, config: WasiConfig | None = None) -> tuple[Store, Func]:
    """The `run` of a program, in a store."""
    engine = Engine()
    store = Store(engine)
    store.set_wasi(config or WasiConfig())
    linker = Linker(engine)
    linker.add_wasip2()
    linker.add_wasip3()
    run = linker.instantiate(store, Component(engine, text)).get_func(store, "run")
    assert run is not None
    return store, run


def test_clocks() -> None:
    store, run = start(WAITER)
    assert run(store) == 1

    async def main() -> None:
        started = time.monotonic()
        programs = [start(WAITER) for _ in range(3)]
        assert await asyncio.gather(*(run.call_async(store) for store, run in programs)) == [1, 1, 1]
        assert time.monotonic() - started >= 0.02

    asyncio.run(main())


def test_standard_output(tmp_path: Path) -> None:
    config = WasiConfig()
    config.stdout_file = tmp_path / "out"
    store, run = start(HELLO, config)
    assert run(store) == 11
    assert (tmp_path / "out").read_bytes() == b"hello, 0.3!"


def test_standard_input_and_output(tmp_path: Path) -> None:
    data = os.urandom(3_000_000)
    (tmp_path / "in").write_bytes(data)
    config = WasiConfig()
    config.stdin_file = tmp_path / "in"
    config.stdout_file = tmp_path / "out"
    store, run = start(CAT, config)
    assert run(store) == 0
    assert (tmp_path / "out").read_bytes() == data


def test_input_that_comes_later(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    def feed() -> None:
        with pipe.open("wb", buffering=0) as file:
            for part in (b"one ", b"two ", b"three"):
                time.sleep(0.01)
                file.write(part)

    feeder = threading.Thread(target=feed)
    feeder.start()
    config = WasiConfig()
    config.stdin_file = pipe
    config.stdout_file = tmp_path / "out"
    store, run = start(CAT, config)
    assert run(store) == 0
    feeder.join()
    assert (tmp_path / "out").read_bytes() == b"one two three"


def test_files(tmp_path: Path) -> None:
    config = WasiConfig()
    config.preopen_dir(str(tmp_path), "/")
    store, run = start(COPY, config)
    assert run(store) == 100 + CODES.index("no-entry")
    (tmp_path / "in.txt").write_bytes(b"0123456789")
    assert run(store) == 0
    assert (tmp_path / "out.txt").read_bytes() == b"\x0023456789"


@pytest.mark.parametrize(
    ("path", "how", "asked", "flags"),
    [
        ("new", {"create"}, set(), {"read", "write"}),
        ("new", {"create"}, {"read"}, {"read", "write"}),
        ("new", {"create"}, {"write"}, {"write"}),
        ("old", set(), set(), {"read"}),
        (".", set(), set(), {"read"}),
        (".", {"directory"}, {"read", "mutate-directory"}, {"read", "mutate-directory"}),
    ],
)
def test_what_is_opened_says_what_for(
    tmp_path: Path, path: str, how: set[str], asked: set[str], flags: set[str]
) -> None:
    (tmp_path / "old").write_bytes(b"")
    config = WasiConfig()
    config.preopen_dir(str(tmp_path), "/")
    with WasiContext(config) as context:
        ((root, _),) = filesystem.get_directories(context)
        opened = filesystem.open_at(context, root, set(), path, how, asked)
        assert filesystem.get_flags(context, opened) == flags
        opened.close()
        root.close()


@pytest.mark.parametrize("is_fifo", [False, True])
def test_what_is_not_read_has_an_outcome(tmp_path: Path, is_fifo: bool) -> None:
    """A stream that is dropped before anything was read of it ends well."""
    if is_fifo:
        os.mkfifo(tmp_path / "in")
    held = os.open(tmp_path / "in", os.O_RDWR | os.O_CREAT)  # a fifo has somebody who may write
    config = WasiConfig()
    config.stdin_file = tmp_path / "in"
    config.preopen_dir(str(tmp_path), "/")
    with WasiContext(config) as context:
        ((root, _),) = filesystem.get_directories(context)
        for data, outcome in (cli.read_stdin(context), filesystem.read_directory(context, root)):
            data.close()
            assert asyncio.run(awaited(outcome)) is None
            with pytest.raises((StopIteration, StopAsyncIteration)):
                asyncio.run(anext(data)) if hasattr(data, "__anext__") else next(data)
        root.close()
    os.close(held)


async def awaited(outcome: Outcome) -> object:
    return await outcome


@pytest.mark.parametrize("name", sorted(INTERFACES))
def test_functions_have_the_parameters_of_their_types(name: str) -> None:
    """Each body takes what its type says, and the program's state."""
    for function in INTERFACES[name].functions.values():
        assert len(inspect.signature(function.body).parameters) == 1 + len(function.params), function.name


def test_what_is_read_of_types() -> None:
    word, params, result = read_function("f(a: stream, b: future<u8>) -> tuple<stream<s64>, future>", {})
    assert (word, len(params)) == ("f", 2) and result is not None


def test_exit() -> None:
    text = """(component
      (import "wasi:cli/exit@0.3.0" (instance $exit (export "exit-with-code" (func (param "status-code" u8)))))
      (core func $end (canon lower (func $exit "exit-with-code")))
      (core module $m (import "h" "end" (func $end (param i32)))
        (func (export "run") (result i32) (call $end (i32.const 7)) (i32.const 0)))
      (core instance $i (instantiate $m (with "h" (instance (export "end" (func $end))))))
      (func (export "run") async (result u32) (canon lift (core func $i "run"))))"""
    store, run = start(text)
    with pytest.raises(ExitTrap) as caught:
        run(store)
    assert caught.value.code == 7
