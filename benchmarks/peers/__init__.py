"""The engines of the benchmark: one module each, with the same two functions and no import from regenqc.

A module reads the exported files and the rule tables (`benchmarks.rule_table`) and returns dispositions and findings:

    load(task)         -> rules, whatever the engine wants to hold of the small tables
    judge(task, rules) -> Outcome

Modules import their libraries when they are imported, so that import time can be told from work.
"""
