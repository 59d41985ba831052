"""Bytes from a stranger against what must hold: for Hypothesis in `make test`, and by the hour.

`python -m tests.fuzz --seconds N [target ...]` lets a coverage-guided fuzzer search for N seconds
per target; `python -m tests.fuzz --answers N` tries N generated answers at each call.
"""
