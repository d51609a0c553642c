"""Benchmarks of regenqc: `python -m benchmarks`, or `make bench`."""
