"""Published programs built with vectors: their answers are right, and those of their builds without vectors."""

import base64
import json
import re
import struct
import zlib
from random import Random

import pytest

from fusee.bench.engines import fusee_engine
from fusee.bench.measure import run_task
from fusee.bench.real.guest import Aborted, binary_in
from fusee.bench.real.lexer import make_source
from fusee.bench.real.meshopt import Decoder, compress, make_vertices
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


def test_a_module_may_be_packed_as_meshoptimizer_does_it() -> None:
    script = b"var wasm_simd =\n\t\t'abc9E';\nvar wasmpack = new Uint8Array([\n\t0, 97, 115,\n]);"
    assert Decoder.unpack(script) == bytes((0, 97, 115, 64 + 30))
    with pytest.raises(Aborted, match="no module"):
        Decoder.unpack(b"var wasm_base = 'abc'")


def expanded(stream: bytes, count: int, stride: int) -> bytes:
    """What EXT_meshopt_compression says of a stream of one block."""
    columns, at = [], 1
    for place in range(stride):
        groups = -(-count // 16)
        modes = [stream[at + n // 4] >> 2 * (n % 4) & 3 for n in range(groups)]
        at += -(-groups // 4)
        value, column = stream[len(stream) - stride + place], bytearray()
        for mode in modes:
            bits = (0, 2, 4, 8)[mode]
            packed = int.from_bytes(stream[at : at + 2 * bits], "big")
            at += 2 * bits
            for number in range(16):
                step = packed >> bits * (15 - number) & ((1 << bits) - 1)
                if 0 < bits < 8 and step == (1 << bits) - 1:
                    step, at = stream[at], at + 1
                value = (value + (-(step >> 1) - 1 if step & 1 else step >> 1)) % 256
                column.append(value)
        columns.append(column)
    return bytes(byte for vertex in zip(*columns, strict=True) for byte in vertex)


def test_what_is_compressed_can_be_expanded() -> None:
    vertices = make_vertices(Random(3))
    stream = compress(vertices)
    assert expanded(stream, len(vertices) // 16, 16) == vertices
    assert len(stream) < len(vertices) / 2


def test_meshes_are_decoded() -> None:
    """The host compares vertices; the sums of what the filters make are those of another engine."""
    lines = answers(task_of("meshoptimizer")).splitlines()
    assert len(lines) == int(task_of("meshoptimizer").arguments[0])
    assert lines[:2] == ["6d003c62 2325e82d e27ac7e1 e59092bd", "909919d8 9f045f7c 744d4eee 3b7b02ef"]


def test_what_has_fallen_lies_on_the_floor() -> None:
    numbers = [[struct.unpack(">f", bytes.fromhex(number))[0] for number in line.split()]
               for line in answers(task_of("rapier")).splitlines()]  # fmt: skip
    assert len(numbers) == 64
    assert all(0.35 < height < 6 and abs(x) < 20 and abs(z) < 20 for x, height, z in numbers)
    assert min(height for _, height, _ in numbers) < 0.55


def test_a_filter_has_its_radius() -> None:
    assert json.loads(answers(task_of("itk"))) == [5, 3, 9]


def test_descriptions_are_converted() -> None:
    text = answers(task_of("convertors"))  # one object after the other
    dataset, metric = (found["result"] for found in json.loads(f"[{text.replace('}{', '},{')}]"))
    assert [fact["sourceColumn"] for fact in dataset["facts"]] == ["hours", "price"]
    assert [attribute["id"] for attribute in dataset["attributes"]] == ["repair", "maker"]
    assert dataset["dataSourceTableId"]["path"] == ["repairs"]
    assert metric["content"]["maql"].startswith("SELECT SUM({fact/hours})")
