"""Runs specification scripts (`.wast`) against the engine and reports what passed, failed or was skipped."""

from fusee.wast.report import FileReport, Report
from fusee.wast.runner import run_script
from fusee.wast.script import Script, ScriptError, find_scripts, load_scripts

__all__ = ["FileReport", "Report", "Script", "ScriptError", "find_scripts", "load_scripts", "run_script"]
