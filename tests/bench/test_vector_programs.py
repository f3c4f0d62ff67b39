"""Published programs built with vectors: their answers are right, and those of their builds without vectors."""

import base64
import json
import re
import zlib
from random import Random

import pytest

from fusee.bench.engines import fusee_engine
from fusee.bench.measure import run_task
from fusee.bench.real.guest import Aborted, binary_in
from fusee.bench.real.lexer import make_source
from fusee.bench.real.sources import Npm
from fusee.bench.real.undici import make_message
from fusee.bench.tasks import EMPTY_COMMAND, Task
from tests.bench.published import task_of

IMPORT = r"""^(?:import|export) .* from ["'](.*)["'];$|^if .* import\(('.*?')\)"""


def answers(task: Task) -> str:
    done = run_task(fusee_engine(), task)
    assert (done.status, done.errors) == (0, b"")
    return done.output.decode()


def answers_of_twin(name: str, file: str) -> str:
    """Of the build without vectors that a package has, too."""
    task = task_of(name)
    module = Npm(name, file).find()
    assert module is not None
    return answers(Task(module, None, task.arguments, task.directory, task.host))


def test_a_module_may_stand_in_a_script() -> None:
    text = base64.b64encode(EMPTY_COMMAND)
    assert binary_in(b"const module = '" + text + b"'; export default module") == EMPTY_COMMAND
    assert binary_in(EMPTY_COMMAND) == EMPTY_COMMAND
    with pytest.raises(Aborted, match="no module"):
        binary_in(b"export default 'AGF'")


def test_http_is_parsed() -> None:
    task = task_of("undici")
    found = answers(task)
    lines = found.splitlines()
    assert len(lines) == int(task.arguments[0])
    random = Random(1)
    for line in lines:
        head, _, body = make_message(random).partition(b"\r\n\r\n")
        fields = [field.split(b": ", 1) for field in head.split(b"\r\n")[1:]]
        names, values = (b"".join(part) for part in zip(*fields, strict=True))
        if b"transfer-encoding" in names:
            body = b"".join(re.findall(rb"[0-9a-f]+\r\n([^\r]+)\r\n", body))
        for name, part in (("status", b"OK"), ("header_field", names), ("header_value", values), ("body", body)):
            assert f"{name} {len(part)} {zlib.crc32(part):08x}" in line
    assert answers_of_twin("undici", "lib/llhttp/llhttp-wasm.js") == found


def test_imports_are_found() -> None:
    task = task_of("es-module-lexer")
    found = answers(task)
    random = Random(1)
    for line in found.splitlines():
        source = make_source(random)
        spans = [m.span(m.lastindex or 0) for m in re.finditer(IMPORT, source, re.MULTILINE)]
        places = " ".join(f"{start}-{end}" for start, end in spans)
        exports = len(re.findall("^export ", source, re.MULTILINE))
        assert line == f"{exports} exports, imports at {places}"
    assert answers_of_twin("es-module-lexer", "dist/lexer.minimal.js") == found


def test_a_filter_has_its_radius() -> None:
    assert json.loads(answers(task_of("itk"))) == [5, 3, 9]


def test_descriptions_are_converted() -> None:
    text = answers(task_of("convertors"))  # one object after the other
    dataset, metric = (found["result"] for found in json.loads(f"[{text.replace('}{', '},{')}]"))
    assert [fact["sourceColumn"] for fact in dataset["facts"]] == ["hours", "price"]
    assert [attribute["id"] for attribute in dataset["attributes"]] == ["repair", "maker"]
    assert dataset["dataSourceTableId"]["path"] == ["repairs"]
    assert metric["content"]["maql"].startswith("SELECT SUM({fact/hours})")
