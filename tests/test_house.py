"""The house's own rules: which part may import which, and how long files and functions may be."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "src" / "fusee"

# Which parts a part may import, beside itself. Imports go one way: no cycle can be written in this table.
ALLOWED = {
    "kernel": set(),
    "spec": set(),
    "engine": {"spec", "kernel"},
    "api": {"engine", "spec", "kernel"},
    "native": {"engine", "kernel", "spec"},
    "tier": {"api", "engine", "kernel", "native", "spec"},
    "disasm": {"api", "engine", "spec", "kernel"},
    "component": {"api", "spec"},
    "wasi": {"api", "component", "spec"},
    "wast": {"api", "spec"},
    "tune": {"api", "bench", "disasm", "engine", "kernel", "spec"},
    "bench": set(),
    "freestanding": {"kernel"},
    "package": {"api", "component", "engine", "freestanding", "kernel", "native", "spec"},
    "emulator": {"engine", "freestanding", "kernel"},
    "cli": {"api", "component", "disasm", "engine", "kernel", "native", "spec"}
    | {"wasi", "wast", "bench", "package", "emulator", "tune"},
}

# The ways back, imported only when asked to: the API and components' linkers define the WASI imports for users, an
# engine with a target works on an emulated device, and one with the strategy compiles modules, at once or while they
# run, for which `fusee run` starts a process before it has one. Rebuilding a workload assembles text with the API's
# assembler.
LAZY = {
    ("api", "wasi"), ("component", "wasi"), ("api", "emulator"), ("api", "native"), ("api", "tier"), ("cli", "tier"),
    ("bench", "api"),
}  # fmt: skip

# Where functions still import what imports their module.
TANGLED = {"cli", "component", "kernel"}

MOST_FILE_LINES = 600
MOST_FUNCTION_LINES = 60

SOURCES = sorted(PACKAGE.rglob("*.py"))


@cache
def tree_of(path: Path) -> ast.Module:
    """A file's syntax."""
    return ast.parse(path.read_text())


def part_of(path: Path) -> str:
    """The part of the house that a file belongs to; empty for files at the door."""
    inside = path.relative_to(PACKAGE).parts
    return inside[0] if len(inside) > 1 else ""


def imports(tree: ast.AST, lazy: bool = False) -> Iterator[tuple[str, bool]]:
    """The parts that a module imports, and whether it does so inside a function or for types only."""
    for node in ast.iter_child_nodes(tree):
        inner = lazy or isinstance(node, ast.FunctionDef) or is_for_types(node)
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module] if node.module != "fusee" else [f"fusee.{alias.name}" for alias in node.names]
        for name in names:
            first, _, rest = name.partition(".")
            if first == "fusee" and rest:
                yield rest.partition(".")[0], inner
        yield from imports(node, inner)


def is_for_types(node: ast.AST) -> bool:
    """Whether this is `if TYPE_CHECKING:`."""
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


@pytest.mark.parametrize("part", sorted(ALLOWED))
def test_imports_go_one_way(part: str) -> None:
    wrong = []
    for path in SOURCES:
        if part_of(path) != part:
            continue
        for imported, lazy in imports(tree_of(path)):
            known = imported in ALLOWED and imported != part
            if known and imported not in ALLOWED[part] and not (lazy and (part, imported) in LAZY):
                wrong.append(f"{path.relative_to(PACKAGE)} imports fusee.{imported}")
    assert wrong == []


def loaded_with(node: ast.AST, modules: set[str], lazily: bool = False) -> Iterator[str]:
    """The modules of the house that are loaded when this one is: not those for types, or that a function asks for.

    `lazily` gives the latter, too.
    """
    for child in ast.iter_child_nodes(node):
        if (isinstance(child, ast.FunctionDef) and not lazily) or is_for_types(child):
            continue
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names if alias.name in modules)
        if isinstance(child, ast.ImportFrom) and child.module:
            names = {f"{child.module}.{alias.name}" for alias in child.names} & modules
            yield from names or {child.module} & modules
        yield from loaded_with(child, modules, lazily)


def circles(imported: dict[str, set[str]]) -> set[str]:
    """The modules that cannot be loaded one after the other."""
    left = dict(imported)
    while ready := {name for name, needed in left.items() if not needed & left.keys()}:
        left = {name: needed for name, needed in left.items() if name not in ready}
    return set(left)


def imported_by(paths: dict[str, Path], lazily: bool = False) -> dict[str, set[str]]:
    """What each of the modules imports of them."""
    modules = set(paths)
    return {name: set(loaded_with(tree_of(path), modules, lazily)) - {name} for name, path in paths.items()}


def named(paths: list[Path]) -> dict[str, Path]:
    """Modules by their names."""
    names = {".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts): path for path in paths}
    return {name.removesuffix(".__init__"): path for name, path in names.items()}


def test_modules_are_loaded_one_after_the_other() -> None:
    """There are circles among what modules know of each other's types, and none among what they need to be loaded."""
    imported = imported_by(named(SOURCES))
    assert len(imported["fusee.api.store"]) > 5
    assert circles(imported) == set()
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set()}) == {"a", "b", "c"}


@pytest.mark.parametrize("part", sorted(set(ALLOWED) - TANGLED))
def test_what_functions_import_makes_no_circle_either(part: str) -> None:
    imported = imported_by(named([path for path in SOURCES if part_of(path) == part]), lazily=True)
    assert circles(imported) == set()


def test_imports_of_functions_are_found() -> None:
    imported = imported_by(named([path for path in SOURCES if part_of(path) == "api"]), lazily=True)
    assert "fusee.api.exception" in imported["fusee.api.failures"]


def test_every_part_is_in_the_table() -> None:
    assert {part_of(path) for path in SOURCES} - {""} <= set(ALLOWED)


def test_no_file_is_too_long() -> None:
    too_long = {
        str(path.relative_to(PACKAGE)): lines
        for path in SOURCES
        if (lines := len(path.read_text().splitlines())) > MOST_FILE_LINES
    }
    assert too_long == {}


def test_no_function_is_too_long() -> None:
    too_long = {
        f"{path.relative_to(PACKAGE)}: {node.name}": lines
        for path in SOURCES
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef)
        and (lines := (node.end_lineno or 0) - node.lineno + 1) > MOST_FUNCTION_LINES
    }
    assert too_long == {}


SCALARS = {"u8", "u16", "u32", "u64", "usize", "i8", "i16", "i32", "i64"}

CONVERTED = {
    # ordinary Python calculates with them
    "CODE_START", "ENTRY_COST", "EXTERN_FUNC", "EXTERN_TAG", "SLOT_BYTES", "TAG_MASK",
    # a wider one is shifted, or kept in a local
    "BITMAP_WORDS", "CONST", "SLOT",
}  # fmt: skip
"""Constants that kernels convert though they could have another type, with the reason."""


def converted_constants(path: Path) -> Iterator[str]:
    """The constants that the kernels of a file convert by name; facts of `spec` know no types of kernels."""
    tree = tree_of(path)
    of_spec = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("fusee.spec")
        for alias in node.names
    }
    for kernel in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.decorator_list):
        for node in ast.walk(kernel):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in SCALARS:
                yield from (
                    name.id
                    for name in node.args
                    if isinstance(name, ast.Name) and name.id.isupper() and name.id not in of_spec
                )


def test_constants_of_kernels_have_their_types() -> None:
    """`LIMIT: Final = u32(9)` spares every kernel a conversion."""
    kernels = [path for path in SOURCES if part_of(path) in ("engine", "freestanding")]
    assert {name for path in kernels for name in converted_constants(path)} == CONVERTED
