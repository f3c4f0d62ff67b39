"""Listings of small functions, kept to show what changes when the translator does.

`python -m tests.golden.listing` writes them anew; then `git diff` shows what has become of them.
"""

from pathlib import Path

FOLDER = Path(__file__).parent
SOURCES = sorted(FOLDER.glob("*.wat"))


def list_source(path: Path) -> str:
    """The listing of all functions of a module in text."""
    from fusee import Engine, Module
    from fusee.disasm.listing import own_functions, show_function

    module = Module(Engine(), path.read_text())
    return "\n\n".join("\n".join(show_function(module, index)) for index in own_functions(module)) + "\n"


def main() -> None:
    """Write all listings."""
    for path in SOURCES:
        path.with_suffix(".txt").write_text(list_source(path))


if __name__ == "__main__":
    main()
