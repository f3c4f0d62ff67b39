"""The two implementations that run the same programs."""

import pytest

from tests.programs.guest import Runtime


@pytest.fixture(scope="session")
def fusee_runtime() -> Runtime:
    import fusee

    return Runtime(fusee)


@pytest.fixture(scope="session")
def wasmtime_runtime() -> Runtime:
    """The oracle; it compiles large modules for many seconds, so it does that once, and without optimising."""
    wasmtime = pytest.importorskip("wasmtime", reason="the oracle: pip install wasmtime")
    config = wasmtime.Config()
    config.cranelift_opt_level = "none"
    return Runtime(wasmtime, config)
