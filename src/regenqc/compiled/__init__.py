"""Functions over arrays as machine code: compiled once per machine, loaded in milliseconds."""

from regenqc.compiled.function import CompiledFunction

__all__ = ["CompiledFunction"]
