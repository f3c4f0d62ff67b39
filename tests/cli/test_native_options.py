"""`fusee build --native`: what its options take."""

import click
import pytest

from fusee.cli.native import byte_count, native_module


@pytest.mark.parametrize(
    ("text", "size"), [("300KB", 300 << 10), ("1MB", 1 << 20), ("1.5m", 3 << 19), ("2k", 2048), ("77", 77), ("9 B", 9)]
)
def test_sizes(text: str, size: int) -> None:
    assert byte_count(text) == size


@pytest.mark.parametrize("text", ["", "KB", "-1", "1GB", "one", "1e3", "٣KB", pytest.param("9" * 400, id="infinite")])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(click.BadParameter, match="not a size"):
        byte_count(text)


def test_a_file_that_is_no_module(tmp_path: "pytest.TempPathFactory") -> None:
    path = f"{tmp_path}/bad.wasm"
    with pytest.raises(click.ClickException, match="No such file"):
        native_module(path, 1, None, False)
    with open(path, "wb") as file:
        file.write(b"\0asm\1\0\0\0\1")
    with pytest.raises(click.ClickException, match="--native"):
        native_module(path, 1, None, False)
