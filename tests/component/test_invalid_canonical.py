"""Rules for canonical functions (Explainer, Binary), each beside a component that keeps it."""

import pytest

from tests.component.rules import CORE, OWN, check_rule

RULES = {
    "a memory for parameters that lie in it": (
        f'{CORE} (func (param "s" string) (canon lift (core func $f) (memory $m) (realloc $g)))',
        "(memory $m) (realloc $g)", "", "canonical option `memory` is required",
    ),
    "an allocator for parameters that lie in memory": (
        f'{CORE} (func (param "s" string) (canon lift (core func $f) (memory $m) (realloc $g)))',
        "(memory $m) (realloc $g)", "(memory $m)", "canonical option `realloc` is required",
    ),
    "a memory for an allocator": (
        f"{CORE} (func (canon lift (core func $h) (memory $m) (realloc $g)))",
        "(memory $m) (realloc", "(realloc", "canonical option `memory` is required with `realloc`",
    ),
    "a memory for imports whose values lie in it": (
        '(core module $m (memory (export "m") 1)) (core instance $i (instantiate $m))(alias core export $i "m" '
        '(core memory $m)) (import "f" (func $f (param "s" string)))(core func (canon lower (func $f) (memory '
        "$m)))",
        "$f) (memory $m)", "$f)", "canonical option `memory` is required",
    ),
    "a memory for what streams carry": (
        f"{CORE} (type $s (stream u8)) (core func (canon stream.read $s (memory $m)))",
        "$s (memory $m)", "$s", "canonical option `memory` is required",
    ),
    "a memory for results of tasks": (
        f"{CORE} (core func (canon task.return (result string) (memory $m)))",
        "string) (memory $m)", "string)", "canonical option `memory` is required",
    ),
    "post-return of functions that are lifted": (
        f"{CORE} (func (result string) (canon lift (core func $r) (memory $m) (post-return (func $d))))",
        "(post-return (func $d))", "(post-return (func $h))",
        "`post-return` uses a core function with an incorrect signature",
    ),
    "no post-return of functions that are lowered": (
        f'{CORE} (import "f" (func $x)) (core func (canon lower (func $x) (memory $m)))',
        "$x) (memory $m)", "$x) (memory $m) (post-return (func $h))", "`post-return` cannot be specified for lowerings",
    ),
    "no callback of functions that are lowered": (
        f'{CORE} (import "f" (func $x async)) (core func (canon lower (func $x) async (memory $m)))',
        "async (memory $m)", "async (memory $m) (callback (func $k))",
        "canonical option `callback` cannot be specified for lowerings",
    ),
    "a signature of callbacks": (
        f"{CORE} (func async (canon lift (core func $r) async (memory $m) (callback (func $k))))",
        "(callback (func $k))", "(callback (func $g))", "`callback` uses a core function with an incorrect signature",
    ),
    "an allocator for results that lie in memory": (
        f'{CORE} (import "f" (func $x (result string))) (core func (canon lower (func $x) (memory $m) (realloc '
        "$g)))",
        " (realloc $g)", "", "canonical option `realloc` is required",
    ),
    "a signature of allocators": (
        f'{CORE} (func (param "s" string) (canon lift (core func $f) (memory $m) (realloc $g)))',
        "(realloc $g)", "(realloc $h)", "`realloc` uses a core function with an incorrect signature",
    ),
    "a memory of 32 bits": (
        f"{CORE} (func (canon lift (core func $h) (memory $m)))",
        "$h) (memory $m)", "$h) (memory $m64)", "canonical functions need a memory of 32 bits",
    ),
    "a resource of the component's own": (
        f'{OWN} (import "r" (type $q (sub resource))) (core func (canon resource.new $r))',
        "resource.new $r", "resource.new $q", "is not a resource that is defined in this component",
    ),
    "the type of a core function": (
        f"{CORE} (func (canon lift (core func $h)))",
        "(core func $h)))", "(core func $d)))", "does not match the core function's",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "right", "wrong", "message"), RULES.values(), ids=RULES)
def test_rules(text: str, right: str, wrong: str, message: str) -> None:
    check_rule(text, right, wrong, message)
