"""Runs SQL in sql.js, which is SQLite: `python -m fusee.bench.real.sqljs ENGINE MODULE [SCRIPT…]`.

The scripts' statements are prepared and executed one after the other in a database in memory; rows are printed as
SQLite's own shell does.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from fusee.bench.real.emscripten import Emscripten
from fusee.bench.real.guest import POINTER_BYTES, Aborted, main

# Result codes (https://www.sqlite.org/rescode.html).
_OK = 0
_ROW = 100
_DONE = 101

Row = list[str | None]


class SqlError(Aborted):
    """SQLite's own words."""


class Database:
    """A database in memory, through SQLite's C interface."""

    def __init__(self, sqlite: Emscripten, name: str = ":memory:") -> None:
        self._sqlite = sqlite
        # Where functions put what they give beside their result: a statement, the rest of the script.
        self._places = sqlite.allocate(bytes(2 * POINTER_BYTES))
        path = sqlite.string(name)
        status = sqlite.call("sqlite3_open", path, self._places)
        sqlite.call("free", path)
        self._handle = self._given(0)
        self._expect(status, _OK)

    def rows(self, script: str) -> Iterator[Row]:
        """Execute the statements of a script; their rows, values as text. Raises `SqlError`."""
        start = rest = self._sqlite.string(script)
        while self._sqlite.read(rest, 1) != b"\0":
            statement, rest = self._prepare(rest)
            if statement:
                yield from self._execute(statement)
        self._sqlite.call("free", start)

    def _prepare(self, script: int) -> tuple[int, int]:
        """The first statement of a script, which is none if there is only a comment, and where the next one begins."""
        places = (self._places, self._places + POINTER_BYTES)
        self._expect(self._sqlite.call("sqlite3_prepare_v2", self._handle, script, -1, *places), _OK)
        return self._given(0), self._given(1)

    def _execute(self, statement: int) -> Iterator[Row]:
        call = self._sqlite.call
        columns = range(call("sqlite3_column_count", statement))
        while (status := call("sqlite3_step", statement)) == _ROW:
            yield [self._value(statement, column) for column in columns]
        self._expect(status, _DONE)
        call("sqlite3_finalize", statement)

    def _value(self, statement: int, column: int) -> str | None:
        address = self._sqlite.call("sqlite3_column_text", statement, column)
        if address == 0:
            return None
        size = self._sqlite.call("sqlite3_column_bytes", statement, column)
        return self._sqlite.read(address, size).decode()

    def _given(self, place: int) -> int:
        return self._sqlite.pointer(self._places + place * POINTER_BYTES)

    def _expect(self, status: int, expected: int) -> None:
        if status != expected:
            raise SqlError(self._sqlite.text(self._sqlite.call("sqlite3_errmsg", self._handle)))


class SqlJs(Emscripten):
    """sql.js, whose arguments are scripts."""

    def answers(self, arguments: Sequence[str]) -> Iterator[bytes]:
        database = Database(self)
        for script in arguments:
            for row in database.rows(Path(script).read_text("utf-8")):
                yield "|".join(value or "" for value in row).encode() + b"\n"


GUEST = SqlJs

if __name__ == "__main__":
    sys.exit(main(GUEST))
