"""Libraries from PyPI, called by hosts in Python: their answers are right, and the same in another engine."""

import hmac
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import pytest

from fusee.bench.embedding import open_engine
from fusee.bench.engines import fusee_engine, wasmtime_engine
from fusee.bench.measure import run_task
from fusee.bench.process import Run
from fusee.bench.real import FOLDER, PROGRAMS
from fusee.bench.real.graphviz import Graphviz
from fusee.bench.real.guest import Aborted
from fusee.bench.real.piishield import PiiShield, make_log
from fusee.bench.tasks import EMPTY_COMMAND, Task
from tests.bench.published import task_of

LIBRARIES = [program.name for program in PROGRAMS if program.host is not None]
SVG = "{http://www.w3.org/2000/svg}"


def answers(name: str) -> str:
    done = run_task(fusee_engine(), task_of(name))
    assert (done.status, done.errors) == (0, b"")
    return done.output.decode()


def titles(picture: ElementTree.Element, kind: str) -> Counter[str | None]:
    """The names of a drawn graph's nodes or edges."""
    groups = picture.iter(f"{SVG}g")
    return Counter(group.findtext(f"{SVG}title") for group in groups if group.get("class") == kind)


def test_graphviz_draws_every_node_and_edge() -> None:
    graph = (FOLDER / "real" / "modules.dot").read_text()
    nodes = Counter(re.findall(r'^ +"([\w.]+)" \[', graph, re.MULTILINE))
    edges = Counter(f"{a}->{b}" for a, b in re.findall(r'^ +"([\w.]+)" -> "([\w.]+)"', graph, re.MULTILINE))
    assert len(nodes) > 80 and len(edges) > 200
    ranked, sprung = answers("graphviz").split("<?xml")[1:]
    for text in (ranked, sprung):
        picture = ElementTree.fromstring(f"<?xml{text}")
        assert titles(picture, "node") == nodes
        assert titles(picture, "edge") == edges
    assert 'class="cluster"' in ranked and 'class="cluster"' not in sprung, "neato knows no clusters"


def test_graphviz_says_what_is_wrong() -> None:
    graphviz = Graphviz(*open_engine("fusee"), task_of("graphviz").module.read_bytes())
    with pytest.raises(Aborted, match="Failed to parse DOT source"):
        graphviz.draw("digraph {", "dot")
    assert b"<title>a&#45;&gt;b</title>" in graphviz.draw("digraph { a -> b }", "dot")


def test_quickjs_prints_what_the_script_does() -> None:
    printed = answers("quickjs")
    assert re.search("^jewels: 92$", printed, re.MULTILINE)
    node = shutil.which("node")
    if node is None:
        pytest.skip("the oracle: Node.js")
    command = [node, str(FOLDER / "real" / "gears.js")]
    assert printed == subprocess.run(command, capture_output=True, text=True, check=True).stdout


def hosted(name: str, *arguments: Path, module: Path | None = None) -> Run:
    program = next(program for program in PROGRAMS if program.name == name)
    task = Task(module or task_of(name).module, arguments=tuple(map(str, arguments)), host=program.host)
    return run_task(fusee_engine(), task)


def test_a_script_that_fails_ends_the_host(tmp_path: Path) -> None:
    script = tmp_path / "wrong.js"
    script.write_text("console.log('tick');\nthrow new RangeError('the spring is too long');\n")
    done = hosted("quickjs", script)
    assert (done.status, done.output) == (1, b"tick\n")
    assert done.complaint == "RangeError: the spring is too long"
    assert done.errors.endswith(b"\nthe script has failed\n")


def test_quickjs_runs_one_script_after_the_other(tmp_path: Path) -> None:
    scripts = [tmp_path / f"{name}.js" for name in ("tick", "tock")]
    for script in scripts:
        script.write_text(f"var seen = typeof seen + ' {script.stem}'; console.log(seen)")
    assert hosted("quickjs", *scripts).output == b"undefined tick\nundefined tock\n"


SECRETS = re.compile(
    r"(?P<email>\w+@example\.com)|(?P<card>(?<=card )\d{16})"
    r"|(?P<key>(?<=password=)\w{32}|(?<=\"token\": \")\w{32}|(?<=\?key=)\w{32})"
)


def test_pii_shield_marks_each_secret_and_nothing_else() -> None:
    def mark(secret: "re.Match[str]") -> str:
        code = hmac.new(b"fusee", secret[0].encode(), "sha256").hexdigest()[:6]
        return f"[HIDDEN:{secret.lastgroup}:{code}]"

    (lines,) = task_of("pii-shield").arguments
    assert answers("pii-shield") == SECRETS.sub(mark, "".join(make_log(int(lines))))


def test_marks_depend_on_the_salt() -> None:
    library = PiiShield(*open_engine("fusee"), task_of("pii-shield").module.read_bytes())
    marks = set()
    for salt in ("ruby", "garnet"):
        library.configure({"salt": salt})
        marks.add(library.redact(b"password=PebowFBzavAbsO63BBh6XNaBNbeOONcR"))
    assert len(marks) == 2
    assert all(re.fullmatch(rb"password=\[HIDDEN:[0-9a-f]{6}\]", mark) for mark in marks)


@pytest.mark.slow
@pytest.mark.parametrize("name", LIBRARIES)
def test_wasmtime_gives_the_same_bytes(name: str) -> None:
    pytest.importorskip("wasmtime", reason="the oracle: pip install wasmtime")
    expected = run_task(wasmtime_engine("cranelift", "host"), task_of(name))
    assert (expected.status, expected.errors) == (0, b"")
    assert expected.output.decode() == answers(name)


@pytest.mark.parametrize("name", LIBRARIES)
def test_a_host_without_arguments_asks_nothing_of_the_module(name: str, tmp_path: Path) -> None:
    empty = tmp_path / "empty.wasm"
    empty.write_bytes(EMPTY_COMMAND)
    done = hosted(name, module=empty)
    assert (done.status, done.output, done.errors) == (0, b"", b"")
    done = hosted(name, Path("1"), module=empty)
    assert (done.status, done.output) == (1, b"")
    assert len(done.errors.splitlines()) == 1
