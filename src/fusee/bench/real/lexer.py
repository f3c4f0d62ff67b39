"""Finds imports and exports with es-module-lexer: `python -m fusee.bench.real.lexer ENGINE MODULE [COUNT]`.

COUNT modules of JavaScript are made here. What is printed is where the lexer has found each module's imports, and how
many exports.
"""

import sys
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any, Final

from fusee.bench.real.guest import ADDRESSES, Aborted, Guest, main

_PAGE: Final = 1 << 16
_UNIT_BYTES: Final = 2  # JavaScript's texts are UTF-16
_HEADROOM: Final = 16
_LINES: Final = (
    'import wheel{n}, {{ pinion as p{n} }} from "./train/{n}.js";',
    "export const ratio{n} = (a, b) => a / {n} * b; // the {n}th wheel",
    "export {{ default as barrel{n} }} from './barrel/{n}.js';",
    "const text{n} = `tick ${{ {n} > 2 ? `inner ${{'}}'}}` : /[/'\"]/.test(name) }} tock`;",
    "/* import nothing from 'nowhere' */ let s{n} = 'import(\\'not this\\')' + \"{n}\";",
    "if (ratio{n}) import('./lazy/{n}.js').then((loaded) => loaded.start({{ at: {n} }}));",
    "function turn{n}(angle) {{ while (angle > {n}) {{ angle -= {n} / 2 }} return angle }}",
)


class Lexer(Guest):
    """es-module-lexer, through the exports that its JavaScript calls."""

    def answers(self, arguments: Sequence[str]) -> Iterator[bytes]:
        (count,) = arguments
        random = Random(1)
        for _ in range(int(count)):
            imports, exports = self.lex(make_source(random))
            places = " ".join(f"{start}-{end}" for start, end in imports)
            yield f"{exports} exports, imports at {places}\n".encode()

    def lex(self, source: str) -> tuple[list[tuple[int, int]], int]:
        """Begin and end of the specifiers that are imported, and the number of exports. Raises `Aborted`, which says
        where, if the source is wrong."""
        self._make_room(len(source))
        address = self.call("sa", len(source)) % ADDRESSES
        self._memory.write(self._store, source.encode("utf-16-le"), address)
        if not self.call("parse"):
            raise Aborted(f"the lexer gives up at {self.call('e')}")
        imports = []
        while self.call("ri"):
            imports.append((self.call("is"), self.call("ie")))
        exports = 0
        while self.call("re"):
            exports += 1
        return imports, exports

    def _make_room(self, units: int) -> None:
        """As the JavaScript does: twice the text, from the heap's base on."""
        base: Any = self._export("__heap_base").value(self._store)
        wanted = base % ADDRESSES + 2 * _UNIT_BYTES * (units + 1) + _HEADROOM - self._memory.data_len(self._store)
        if wanted > 0:
            self._memory.grow(self._store, -(-wanted // _PAGE))


def make_source(random: Random) -> str:
    """A module of some hundred lines, which has in comments and texts what is not to be found."""
    lines = (random.choice(_LINES).format(n=number) for number in range(random.randrange(100, 400)))
    return "\n".join(lines)


GUEST = Lexer

if __name__ == "__main__":
    sys.exit(main(GUEST))
