"""The first five minutes: a service on `policies/`, real sideband calls, and what came of them.

`make run` starts it and leaves the service up; `make run ARGS=--once` ends after the table.
"""
