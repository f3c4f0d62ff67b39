"""`fusee build --without`: what the library is built for, and would be refused by it."""

import click
import pytest

from fusee import wat2wasm
from fusee.cli.families import check_families, families
from fusee.package.components.split import SplitComponent
from fusee.package.natives import NativeModule
from fusee.spec.families import Family

VECTORS = '(module (func (export "f") (drop (i8x16.splat (i32.const 1)))))'
OBJECTS = "(module (type (struct)))"
TAGS = "(module (tag))"
ATOMICS = "(module (func (atomic.fence)))"
PLAIN = "(module (rec (type $f (func)) (type (func (param (ref null $f))))))"


def native(text: str, uses_wasi: bool = False) -> NativeModule:
    return NativeModule("app.wasm", bytes(wat2wasm(text)), uses_wasi=uses_wasi)


def component(*texts: str, uses_wasi: bool = False) -> SplitComponent:
    return SplitComponent("greeter", b"", "", tuple(bytes(wat2wasm(text)) for text in texts), uses_wasi)


ALL = families("simd,exceptions,gc,threads")


@pytest.mark.parametrize(
    ("text", "family"), [(VECTORS, "simd"), (OBJECTS, "gc"), (TAGS, "exceptions"), (ATOMICS, "threads")]
)
def test_a_module_that_would_be_refused(text: str, family: str) -> None:
    message = f"--native app.wasm: it needs {family}, and --without leaves that out: it would be refused"
    with pytest.raises(click.UsageError, match=message):
        check_families(ALL, [native(PLAIN), native(text)], [])


def test_a_core_module_of_a_component() -> None:
    with pytest.raises(click.UsageError, match="--component greeter, core module 2 of 2: it needs simd"):
        check_families(ALL, [], [component(PLAIN, VECTORS)])
    with pytest.raises(click.UsageError, match="--component greeter: it needs gc"):
        check_families(ALL, [native(PLAIN)], [component(OBJECTS)])


def test_what_can_do_without(capsys: pytest.CaptureFixture[str]) -> None:
    check_families(ALL, [native(PLAIN)], [component(PLAIN)])
    check_families(frozenset({Family.GC}), [native(VECTORS)], [])
    check_families(frozenset(), [native(VECTORS, uses_wasi=True)], [component(OBJECTS, uses_wasi=True)])
    assert capsys.readouterr().err == ""


def test_an_app_may_give_wasi_itself(capsys: pytest.CaptureFixture[str]) -> None:
    users = [native(PLAIN, uses_wasi=True), native(VECTORS)], [component(PLAIN, uses_wasi=True), component(PLAIN)]
    check_families(families("wasi"), *users)
    message = "it imports WASI, which this library is without: the app has to define that"
    assert capsys.readouterr().err.splitlines() == [f"--native app.wasm: {message}", f"--component greeter: {message}"]
