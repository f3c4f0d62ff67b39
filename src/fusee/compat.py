"""Fusee under the name `wasmtime`, for packages that are written for wasmtime-py.

    import fusee.compat

    fusee.compat.install()
    import pii_shield  # imports wasmtime, and gets this package

What of wasmtime-py's interface is here, and what is not, says docs/python-api.md. `wasmtime.component`,
`wasmtime.loader` and the names with an underscore (`wasmtime._ffi`) are not: to import one raises `ImportError`.
"""

import sys

import fusee

_NAME = "wasmtime"


def install() -> None:
    """Have `import wasmtime` give this package, in this process and from now on. Again, it does nothing.

    Raises `ImportError` if wasmtime-py itself was imported before: what holds it would not see the change, and objects
    of the two do not mix.
    """
    present = sys.modules.get(_NAME)
    if present is fusee:
        return
    if present is not None:
        raise ImportError("wasmtime-py was imported before fusee.compat.install()", name=_NAME)
    sys.modules[_NAME] = fusee
    sys.meta_path.insert(0, _Refusal)


def uninstall() -> None:
    """Undo `install`. What has been imported keeps what it got."""
    if sys.modules.get(_NAME) is fusee:
        del sys.modules[_NAME]
        sys.meta_path.remove(_Refusal)


class _Refusal:
    """Says what parts of wasmtime-py are missing, which would otherwise be looked for in this package's folder."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:
        if name.startswith(f"{_NAME}."):
            raise ModuleNotFoundError(f"{name} is not part of Fusee, which was installed as wasmtime", name=name)
