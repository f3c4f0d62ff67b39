"""Which default platform a system has."""

from types import ModuleType
from typing import Final

from fusee.engine.capi.platform import apple, bare, hosted, linux, posix
from fusee.kernel.build import Program
from fusee.kernel.lang import Kernel
from fusee.kernel.target import Target
from fusee.kernel.triple import Triple

_ANDROID: Final = "android"  # Linux with a C library that is neither glibc's nor musl's kind


def default_platform(target: Target) -> Program:
    """What defines `fusee_default_platform` on a target."""
    module = _module(target)
    if module is linux:
        return Program("fusee-platform", [linux.platform_for(Triple.parse(target.triple))])
    return Program("fusee-platform", [module.default_platform])


def called_of_system(target: Target) -> frozenset[str]:
    """The functions of C that it may call."""
    module = _module(target)
    if module is bare:
        return frozenset()
    kernels = [item for place in (posix, module) for item in vars(place).values() if isinstance(item, Kernel)]
    return frozenset(kernel.external for kernel in kernels if kernel.external is not None)


def _module(target: Target) -> ModuleType:
    triple = Triple.parse(target.triple)
    if triple.vendor == "apple":
        return apple
    if triple.has_no_system:
        return bare
    return linux if triple.os == "linux" and not triple.environment.startswith(_ANDROID) else hosted
