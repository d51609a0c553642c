"""Evaluations that were uploaded: kept until they are done, run in a child process, never lost and never run to an end twice.

`table` holds them, `child` runs one within limits, `runner` takes them up one after the other, also after a restart.
"""
