"""Runs `run(n)` of a module under the wasmtime package: `python -m fusee.bench.wasmtime_guest TARGET MODULE N`."""

import sys

from wasmtime import Config, Engine, Func, Instance, Module, Store


def main() -> None:
    """Print the result, as the other engines' programs do."""
    target, path, argument = sys.argv[1:]
    config = Config()
    if target != "host":
        config.target = target
    engine = Engine(config)
    store = Store(engine)
    run = Instance(store, Module.from_file(engine, path), []).exports(store)["run"]
    assert isinstance(run, Func)
    print(run(store, int(argument)))


if __name__ == "__main__":
    main()
