"""Fusee under the name `wasmtime`, for packages that are written for wasmtime-py.

    import fusee.compat

    fusee.compat.install()
    import pii_shield  # imports wasmtime, and gets this package

What of wasmtime-py's interface is here, and what is not, says docs/python-api.md. `wasmtime.component` is
`fusee.component`. `wasmtime.loader` and the names with an underscore (`wasmtime._ffi`) are not here: to import one
raises `ImportError`. Of the attributes with an underscore one is, `Func._func`.
"""

import sys
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from types import ModuleType, SimpleNamespace
from typing import Final

import fusee

_NAME = "wasmtime"
_IDENTITY: Final = "_func"


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
    setattr(fusee.Func, _IDENTITY, property(_identity))


def uninstall() -> None:
    """Undo `install`. What has been imported keeps what it got."""
    if sys.modules.get(_NAME) is fusee:
        del sys.modules[_NAME]
        sys.modules.pop(f"{_NAME}.component", None)
        sys.meta_path.remove(_Refusal)
        delattr(fusee.Func, _IDENTITY)


def _identity(func: fusee.Func) -> SimpleNamespace:
    """The fields of C's `wasmtime_func_t`, which are the same for one function and differ for two of them.

    wasmtime-py compares `Func`s by the Python object, so packages that keep functions apart (wasmhost) read these.
    """
    return SimpleNamespace(store_id=id(func._store), __private=func._address)


class _Refusal:
    """Finds components, and says what parts of wasmtime-py are missing: both would be looked for in this folder."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name == f"{_NAME}.component":
            return ModuleSpec(name, _ComponentLoader())
        if name.startswith(f"{_NAME}."):
            raise ModuleNotFoundError(f"{name} is not part of Fusee, which was installed as wasmtime", name=name)
        return None


class _ComponentLoader(Loader):
    """Gives `fusee.component` another name."""

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        import fusee.component

        self._spec = fusee.component.__spec__
        return fusee.component

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self._spec
