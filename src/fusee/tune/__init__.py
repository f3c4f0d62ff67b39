"""Chooses the trees that an engine has by what programs execute: see `docs/tuning.md`."""
