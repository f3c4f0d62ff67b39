"""WASI preview 1 for devices: streams and files are the app's callbacks, clocks and chance the platform's."""
