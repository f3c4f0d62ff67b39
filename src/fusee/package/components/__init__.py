"""`fusee build --component`: a component split into core modules and tables, and its C header.

`fusee.engine.capi.component.format` says how the tables look.
"""
