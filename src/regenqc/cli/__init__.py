"""The command line: one module per group of commands, no judgement of its own."""
