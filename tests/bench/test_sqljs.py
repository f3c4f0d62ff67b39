"""SQLite from npm, under Fusee: the answers are those of Python's own SQLite."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from fusee.bench.embedding import open_engine
from fusee.bench.engines import fusee_engine
from fusee.bench.measure import run_task
from fusee.bench.process import Run
from fusee.bench.real import PROGRAMS
from fusee.bench.real.emscripten import Emscripten
from fusee.bench.real.sqljs import Database, SqlError
from fusee.bench.tasks import EMPTY_COMMAND, Task

SQLJS = next(program for program in PROGRAMS if program.name == "sql.js")
SCRIPT = Path(__file__).parent.parent.parent / "src" / "fusee" / "bench" / "real" / "workshop.sql"


@pytest.fixture
def task() -> Task:
    """What `fusee bench --real` runs."""
    if SQLJS.module is None:
        pytest.skip(SQLJS.source.remedy)
    return SQLJS.task


@pytest.fixture
def sqlite(task: Task) -> Emscripten:
    return Emscripten(*open_engine("fusee"), task.module.read_bytes())


def statements(script: str) -> Iterator[str]:
    """Python's interface takes one at a time."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def answers_of_python() -> str:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        rows = [row for text in statements(SCRIPT.read_text("utf-8")) for row in connection.execute(text)]
    except sqlite3.OperationalError as error:
        pytest.skip(f"Python's SQLite {sqlite3.sqlite_version} lacks something: {error}")
    finally:
        connection.close()
    return "".join("|".join("" if value is None else str(value) for value in row) + "\n" for row in rows)


def test_the_answers_are_those_of_pythons_sqlite(task: Task) -> None:
    done = run_task(fusee_engine(), task)
    assert (done.status, done.errors) == (0, b"")
    assert done.output.decode() == answers_of_python()
    assert done.output.endswith(b"\nok\n")


def test_values_are_text_or_nothing(sqlite: Emscripten) -> None:
    script = "SELECT 1, NULL, '', 'tick|tock'; -- a comment\nSELECT -2.5, x'616263'; /* the last one */"
    assert list(Database(sqlite).rows(script)) == [["1", None, "", "tick|tock"], ["-2.5", "abc"]]


def test_scripts_share_the_database(sqlite: Emscripten) -> None:
    database = Database(sqlite)
    assert list(database.rows("CREATE TABLE t (a); INSERT INTO t VALUES (7)")) == []
    assert list(database.rows("SELECT a FROM t")) == [["7"]]


def test_memory_grows_under_a_large_database(sqlite: Emscripten) -> None:
    script = "CREATE TABLE t (a); INSERT INTO t VALUES (zeroblob(20000000)); SELECT length(a) FROM t"
    assert list(Database(sqlite).rows(script)) == [["20000000"]]


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("SELECT * FROM springs", "no such table: springs"),
        ("SELEC", 'near "SELEC": syntax error'),
        ("CREATE TABLE t (a UNIQUE); INSERT INTO t VALUES (1), (1)", "UNIQUE constraint failed: t.a"),
        ("ATTACH '/somewhere.db' AS other", "unable to open database: /somewhere.db"),
    ],
)
def test_an_error_is_told_in_sqlites_words(sqlite: Emscripten, script: str, message: str) -> None:
    with pytest.raises(SqlError, match=f"^{message}$"):
        list(Database(sqlite).rows(script))


def test_there_is_no_file_to_open(sqlite: Emscripten) -> None:
    with pytest.raises(SqlError, match="unable to open database file"):
        Database(sqlite, "/tmp/some.db")


def hosted(module: Path, *scripts: Path) -> Run:
    return run_task(fusee_engine(), Task(module, arguments=tuple(map(str, scripts)), host=SQLJS.host))


def test_what_fails_prints_one_line_and_no_answers(task: Task, tmp_path: Path) -> None:
    script = tmp_path / "wrong.sql"
    script.write_text("SELECT 1; SELECT wrong;")
    done = hosted(task.module, script)
    assert (done.status, done.output, done.errors) == (1, b"", b"no such column: wrong\n")


def test_another_module_than_sqljs_is_found_out(tmp_path: Path) -> None:
    empty = tmp_path / "empty.wasm"
    empty.write_bytes(EMPTY_COMMAND)
    done = hosted(empty, SCRIPT)
    assert (done.status, done.errors) == (1, b"the module does not export malloc\n")
