"""The kernel language's names: each is imported when it is asked for, and type checkers see the same."""

import ast
from importlib import import_module
from pathlib import Path

from fusee.kernel import lang


def test_names_are_what_type_checkers_see() -> None:
    tree = ast.parse(Path(lang.__file__).read_text())
    (only_for_types,) = (node for node in tree.body if isinstance(node, ast.If))
    seen = {}
    for node in only_for_types.body:
        assert isinstance(node, ast.ImportFrom)
        seen.update({alias.name: node.module for alias in node.names})
    assert sorted(seen) == sorted(lang.__all__)
    for name, home in seen.items():
        assert getattr(lang, name) is getattr(import_module(str(home)), name)
