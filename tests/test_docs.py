"""What documents refer to is there: files and headings in them, commands and their options, modules to be run."""

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import click
import pytest

from fusee.cli.commands import fusee

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")])

FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)
COMMAND = re.compile(r"(?:`|^ {4}|&& )fusee ([a-z]+)([^`\n]*)", re.MULTILINE)
OPTION = re.compile(r"--?[a-zA-Z][\w-]*")
MODULE = re.compile(r"\bpython -m ((?:fusee|tests)[\w.]*)")
IN_SOURCES = re.compile(r"\bdocs/[\w-]+\.md\b")


@cache
def text_of(page: Path) -> str:
    """A page without its blocks of code."""
    return FENCED.sub("", page.read_text())


@cache
def anchors(page: Path) -> frozenset[str]:
    """What GitHub calls the headings of a page: a second one of the same name gets a number."""
    seen: Counter[str] = Counter()
    found = set()
    for heading in HEADING.findall(text_of(page)):
        shown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        name = re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")
        found.add(f"{name}-{seen[name]}" if seen[name] else name)
        seen[name] += 1
    return frozenset(found)


def broken(page: Path) -> Iterator[str]:
    """The links of a page that lead nowhere."""
    for link in LINK.findall(text_of(page)):
        if re.match(r"\w+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            yield link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    assert list(broken(page)) == []


def test_broken_links_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# A `b`: [c](page.md)\n[1](#a-b-c) [2](#b) [3](page.md#a-b-c) [4](none.md) [5](https://none.invalid/#x)"
    )
    assert list(broken(page)) == ["#b", "none.md"]


def test_every_page_is_listed_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    assert [page.name for page in (ROOT / "docs").glob("*.md") if f"(docs/{page.name})" not in readme] == []


def test_sources_mention_pages_that_there_are() -> None:
    files = [path for folder in ("src", "tests", "examples") for path in (ROOT / folder).rglob("*.py")]
    mentioned = {name for path in files for name in IN_SOURCES.findall(path.read_text())}
    assert len(mentioned) > 5
    assert {name for name in mentioned if not (ROOT / name).exists()} == set()


def options_in(name: str, rest: str) -> Iterator[str]:
    """The options of a command; `run` passes on what is behind FILE, and `tune` what is in quotes."""
    for word in re.sub(r"'[^']*'", "", rest).split():
        if word == "--" or (name == "run" and re.search(r"\.c?wasm$|^(FILE|PROGRAM)$", word)):
            return
        if OPTION.fullmatch(word):
            yield word


def unknown_commands(text: str) -> Iterator[str]:
    """The commands in a text that there are none of, or with options that they do not have."""
    context = click.Context(fusee)
    for name, rest in COMMAND.findall(text):
        command = fusee.get_command(context, name)
        known = {"-h", "--help"}.union(*(option.opts for option in command.params)) if command else set()
        if not command or not known.issuperset(options_in(name, rest)):
            yield f"fusee {name}{rest}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_are_there(page: Path) -> None:
    text = page.read_text()
    assert list(unknown_commands(text)) == []
    assert [name for name in MODULE.findall(text) if find_spec(name) is None] == []


def test_unknown_commands_are_found() -> None:
    text = "`fusee wind`, `fusee run --none app.wasm`, `fusee run a.wasm --own`\n\n    fusee bench a.wasm --no -- --own"
    wrong = ["fusee wind", "fusee run --none app.wasm", "fusee bench a.wasm --no -- --own"]
    assert list(unknown_commands(text)) == wrong
