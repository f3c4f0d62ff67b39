"""Runs with native code of a part of each module's functions.

It is compiled in this process: suites have thousands of modules.
"""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest import mock

from fusee import Engine, Instance, Module, Store
from fusee.api import config
from fusee.native import host, units
from fusee.native.code import NativeCode, mapped
from fusee.native.compile import Compiler, plan
from fusee.native.unit import Options
from fusee.native.worker import Job


class Part:
    """Which functions: "all", "second", or "half:SEED", a random half. Counts what it has chosen."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.native = self.interpreted = 0
        self.reasons: dict[str, int] = {}
        self._random = random.Random(name)

    def choose(self, functions: Sequence[int]) -> list[int]:
        if self.name == "none":
            return []
        if self.name == "all":
            return list(functions)
        if self.name == "second":
            return list(functions[1::2])
        return [index for index in functions if self._random.random() < 0.5]

    def native_code(self, binary: bytes, wanted: None, is_metered: bool) -> NativeCode | None:
        """In place of `host.native_code`."""
        chosen = self.choose(plan(binary).module.defined)
        kept = host.build(binary, chosen, is_metered)
        code = None if kept is None else mapped(kept)
        self._count(code.reasons if code else plan(binary, chosen).reasons, len(code.functions) if code else 0)
        return code

    def _count(self, reasons: dict[int, str], native: int) -> None:
        self.native += native
        for reason in reasons.values():
            self.interpreted += 1
            self.reasons[reason] = self.reasons.get(reason, 0) + 1

    def for_device(self, binary: bytes, options: Options) -> units.NativeObjects | None:
        """In place of `units.objects_for_device`."""
        chosen = self.choose(plan(binary).module.defined)
        made = units.compile_module(binary, chosen, options)
        self._count(made.reasons if made else plan(binary, chosen).reasons, len(made.types) if made else 0)
        return made


def compile_here(job: Job, count: int) -> dict[int, bytes]:
    compiler = Compiler(job.plan, job.options)
    return {number: compiler.object(number) for number in range(count)}


@contextmanager
def natively(name: str) -> Iterator[Part]:
    """Engines that are made meanwhile compile the part of that name, whatever their strategy."""
    part = Part(name)
    with (
        mock.patch.object(host, "native_code", part.native_code),
        mock.patch.object(units, "objects_for_device", part.for_device),
        mock.patch.object(units, "compile_units", compile_here),
        mock.patch.object(config, "DEFAULT_STRATEGY", "native"),
    ):
        yield part


def instance_of(text: str, *imports: Any, store: Store | None = None) -> tuple[Store, Any]:
    store = store or Store(Engine())
    made = Instance(store, Module(store.engine, text), list(imports))
    return store, made.exports(store)
