"""`wasi:http` 0.2 on devices, by the app's callbacks (`fusee_http.h`): an option of what `engine.capi.component` is.

The other parts know it by `Hooks` alone, so that a library without it has nothing of it.
"""
