"""Runs device objects on this machine: the code that ships, executed instruction by instruction by Unicorn."""

from fusee.emulator.build import build_for_device
from fusee.emulator.crash import DeviceFault
from fusee.emulator.device import Device

__all__ = ["Device", "DeviceFault", "build_for_device"]
