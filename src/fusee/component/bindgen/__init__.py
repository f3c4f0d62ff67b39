"""Typed Python for a component: `fusee bindgen`.

The module that is written has a dataclass for each record, a name for each enum, variant and set of flags, a class for
each resource and each interface, and one for the component. Its functions give dataclasses and resources where those
of `fusee.component` give `Record`s and handles.
"""
