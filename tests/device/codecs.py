"""`python -m tests.device.codecs FILE CONFIG…`: a published component on an emulated device, and on this machine.

FILE is the component of a package `numcodecs-wasm-…` of PyPI, and each CONFIG the configuration of its codec as JSON.
What it makes of some arrays, encoded and decoded, must be the same; so must its errors.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from fusee import Engine, Store
from fusee.component import Component, Linker, Record, Variant
from tests.component.randomtypes import shown
from tests.device.components import App

TRIPLE: Final = "arm64_32-apple-watchos"
CODEC: Final = "numcodecs:abc/codec@0.1.1"
RANDOM: Final = "wasi:random/random@0.2.6"
Call = Callable[..., Any]


def arrays() -> list[Record]:
    """What is encoded."""
    wave = [i * i % 1000 / 3 for i in range(500)]
    return [
        Record(data=Variant("f64", wave), shape=[20, 25]), Record(data=Variant("f32", [0.5] * 300), shape=[300]),
        Record(data=Variant("i32", [7 - i % 13 for i in range(256)]), shape=[256]),
        Record(data=Variant("u8", bytes(range(256))), shape=[16, 16]), Record(data=Variant("u16", []), shape=[0]),
    ]  # fmt: skip


def random_bytes(count: int) -> bytes:
    """As random on both."""
    return bytes(i * 37 % 256 for i in range(count))


def on_host(wasm: bytes) -> tuple[Call, Call]:
    """Calls a function of the codec's by its name; ends a codec."""
    engine = Engine()
    store, component, linker = Store(engine), Component(engine, wasm), Linker(engine)
    with linker.root() as root, root.add_instance(RANDOM) as instance:
        instance.add_func("get-random-bytes", lambda store, count: random_bytes(count))
    linker.define_unknown_imports_as_traps(component)
    made = linker.instantiate(store, component)

    def call(name: str, *values: Any) -> Any:
        place = made.get_export_index(store, name, made.get_export_index(store, CODEC))
        assert place is not None
        function = made.get_func(store, place)
        assert function is not None
        return function(store, *values)

    return call, lambda codec: codec.drop(store)


def on_device(wasm: bytes) -> tuple[Call, Call, App]:
    """The same, and the app."""
    app = App(TRIPLE, wasm)
    imported: Any = app.component_type.type._imports[RANDOM]
    ty = imported._exports["get-random-bytes"]
    assert app.define(RANDOM, "get-random-bytes", ty, lambda arguments: random_bytes(arguments[0]))
    app.call("fusee_component_allow_undefined", app.component, 1)
    app.instantiate()
    return lambda name, *values: app.func(name, CODEC)(*values), lambda codec: app.drop(codec, "codec", CODEC), app


def answers(call: Call, drop: Call, configs: list[str]) -> list[str]:
    """What the codec says."""
    found = [call("codec-id"), call("codec-config-schema")]
    for config in configs:
        codec = call("[static]codec.from-config", config)
        if isinstance(codec, Record):
            found.append(shown(codec))
            continue
        found.append(shown(call("[method]codec.get-config", codec)))
        for array in arrays():
            encoded = call("[method]codec.encode", codec, array)
            found.append(shown(encoded))
            if encoded.tag == "ok":
                found.append(shown(call("[method]codec.decode", codec, encoded.payload)))
                target = Record(dtype=array.data.tag, shape=array.shape)
                found.append(shown(call("[method]codec.decode-into", codec, encoded.payload, target)))
        found.append(shown(call("[method]codec.decode", codec, arrays()[3])))  # which nobody has encoded
        drop(codec)
    return found


def main(file: str, configs: list[str]) -> int:
    """The exit status."""
    wasm = Path(file).read_bytes()
    for config in configs:
        json.loads(config)
    here = answers(*on_host(wasm), configs)
    call, drop, app = on_device(wasm)
    there = answers(call, drop, configs)
    left = app.close()
    different = [pair for pair in zip(here, there, strict=True) if pair[0] != pair[1]]
    for one, other in different:
        print(f"here:  {one[:200]}\nthere: {other[:200]}")
    print(f"{here[0]}: {len(here)} answers, {len(different)} differ, {left} bytes are left on the device")
    return int(bool(different or left))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
