"""Runs specification scripts (`.wast`) against an engine and reports what passed, failed or was skipped."""

from fusee.wast.report import FileReport, Report
from fusee.wast.script import ScriptError, find_scripts
from fusee.wast.suite import run_files

__all__ = ["FileReport", "Report", "ScriptError", "find_scripts", "run_files"]
