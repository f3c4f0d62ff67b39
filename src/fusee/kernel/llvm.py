"""LLVM as it compiles here: by what loads fastest of that which llvmlite's version has."""

from typing import Any

import llvmlite

_KNOWN = "0.50."  # versions whose library has the functions of `llvmlibrary`


def _binding() -> Any:
    if llvmlite.__version__.startswith(_KNOWN):
        try:
            from fusee.kernel import llvmlibrary

            return llvmlibrary
        except (OSError, AttributeError):  # llvmlite is in an archive, perhaps
            pass
    from llvmlite import binding

    return binding


llvm = _binding()
