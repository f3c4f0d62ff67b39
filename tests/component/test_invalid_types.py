"""Rules for types, names and resources (Explainer, Binary), each beside a component that keeps it."""

import pytest

from tests.component.rules import CORE, GIVEN, OWN, check_rule

RULES = {
    "an outer scope of a module type": (
        "(core type (func)) (core type (module (alias outer 1 0 (type))))",
        "outer 1", "outer 2", "invalid outer alias count of 2",
    ),
    "one export of a module type by each name": (
        '(core type (module (type (func)) (export "a" (func (type 0))) (export "b" (func (type 0)))))',
        '"b"', '"a"', "duplicate export name `a` already defined",
    ),
    "one import by each name": (
        '(import "a" (func)) (import "b" (func))',
        '"b"', '"a"', "import name `a` conflicts with previous name `a`",
    ),
    "one import by each name, however it is written": (
        '(import "a-b" (func)) (import "a-c" (func))',
        '"a-c"', '"A-b"', "import name `A-b` conflicts with previous name `a-b`",
    ),
    "a kind of type where it is wanted": (
        '(type $t (func)) (import "f" (func (type $t)))',
        "(type $t (func))", "(type $t u8)", "type index 0 is not a function type",
    ),
    "a resource where one is wanted": (
        f"{OWN} (type $u u8) (type (own $r))",
        "(own $r)", "(own $u)", "type index 1 is not a resource type",
    ),
    "results are owned": (
        f"{OWN} (type (func (result (own $r))))",
        "(own $r)", "(borrow $r)", "function result cannot contain a `borrow` type",
    ),
    "streams are owned": (
        f"{OWN} (type $o (own $r)) (type (stream $o))",
        "(own $r)", "(borrow $r)", "`stream` type cannot contain a `borrow` type",
    ),
    "futures are owned": (
        f"{OWN} (type $o (own $r)) (type (future $o))",
        "(own $r)", "(borrow $r)", "`future` type cannot contain a `borrow` type",
    ),
    "representations of resources": (
        OWN,
        "i32", "i64", "resources can only be represented by `i32`",
    ),
    "pages of modules' memories": (
        '(core type (module (export "m" (memory 65536))))',
        "65536", "65537", "memory size must be at most 65536 pages",
    ),
    "names of imports": (
        '(import "a-b" (func))',
        "a-b", "a_b", "import name `a_b` is not valid",
    ),
    "functions of resources": (
        f'{GIVEN} (import "[method]r.m" (func (param "self" (borrow $r))))',
        '(func (param "self" (borrow $r)))', "(type (eq $r))", "only functions have such names",
    ),
    "resources of functions": (
        f'{GIVEN} (import "[method]r.m" (func (param "self" (borrow $r))))',
        "]r.m", "]s.m", "resource used in it does not exist",
    ),
    "what a constructor makes": (
        f'{GIVEN} (import "[constructor]r" (func (result (own $r))))',
        "(result (own $r))", "(result u8)", "should return `(own $T)`",
    ),
    "that a constructor is not asynchronous": (
        f'{GIVEN} (import "[constructor]r" (func (result (own $r))))',
        "(func (result", "(func async (result", "is a constructor, which cannot be `async`",
    ),
    "implementations of instances": (
        '(import "f" (implements "a:b/c") (instance))',
        "(instance)", "(func)", "only instances can have an `implements`",
    ),
    "implementations of what has another name": (
        '(import "i" (implements "a:b/c") (instance))',
        '"i"', '"i:j/j"', "name `i:j/j` is not valid with `implements`",
    ),
    "what is implemented": (
        '(import "i" (implements "a:b/c") (instance))',
        "a:b/c", "a-b-c", "`a-b-c` is not a valid name of an interface: it must be an interface",
    ),
    "the first parameter of a method": (
        f'{GIVEN} (import "[method]r.m" (func (param "self" (borrow $r))))',
        '"self"', '"that"', "should have a first argument called `self`",
    ),
    "its type": (
        f'{GIVEN} (import "[method]r.m" (func (param "self" (borrow $r))))',
        "(borrow $r)", "u8", "should take a first argument of `(borrow $T)`",
    ),
    "names in types": (
        '(type (record (field "a-b" u8)))',
        '"a-b"', '"a_b"', "`a_b` is not in kebab case",
    ),
    "names in types are there": (
        '(type (record (field "a-b" u8)))',
        '"a-b"', '""', "name cannot be empty",
    ),
    "fields of a record": (
        '(type (record (field "a" u8)))',
        ' (field "a" u8)', "", "record type must have at least one field",
    ),
    "cases of a variant": (
        '(type (variant (case "a")))',
        ' (case "a")', "", "variant type must have at least one case",
    ),
    "parts of a tuple": (
        "(type (tuple u8))",
        " u8", "", "tuple type must have at least one type",
    ),
    "flags": (
        '(type (flags "a"))',
        ' "a"', "", "flag types must have at least one entry",
    ),
    "an enum's cases": (
        '(type (enum "a"))',
        ' "a"', "", "enum case types must have at least one entry",
    ),
    "the length of a list": (
        "(type (list u8 1))",
        "u8 1", "u8 0", "fixed-length lists must have at least one element",
    ),
    "keys of a map": (
        "(type (map u8 u8))",
        "(map u8", "(map f32", "keys of a map are of a primitive type other than floats",
    ),
    "the place of a resource": (
        f"{OWN} (type (component))",
        "(type (component))", "(type (component (type (resource (rep i32)))))",
        "resources can only be defined within a concrete component",
    ),
    "destructors": (
        f"{CORE} (type (resource (rep i32) (dtor (func $d))))",
        "(dtor (func $d))", "(dtor (func $h))", "wrong signature for a destructor",
    ),
    "core imports of a module type": (
        '(core type (module (import "a" "b" (memory 1)) (import "a" "c" (memory 1))))',
        '"c"', '"b"', "duplicate import name `a:b`",
    ),
    "limits of memories": (
        '(core type (module (export "m" (memory 1 2))))',
        "1 2", "2 1", "size minimum must not be greater than maximum",
    ),
    "shared memories": (
        '(core type (module (export "m" (memory 1 2 shared))))',
        "1 2 shared", "1 shared", "shared memory must have maximum",
    ),
    "results of tags": (
        '(core type (module (type (func)) (export "t" (tag (type 0)))))',
        "(type (func))", "(type (func (result i32)))", "non-empty tag result type",
    ),
    "core types that there are": (
        '(core type (module (type (func)) (export "f" (func (type 0)))))',
        "(func (type 0))", "(func (type 1))", "type index out of bounds",
    ),
    "imports of a core module": (
        '(core module (import "a" "b" (func)) (import "a" "c" (func)))',
        '"c"', '"b"', "a core module in a component imports each item once",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "right", "wrong", "message"), RULES.values(), ids=RULES)
def test_rules(text: str, right: str, wrong: str, message: str) -> None:
    check_rule(text, right, wrong, message)
