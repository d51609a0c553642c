"""Condition: what loggers saw on the way, judged by what the product permits.

`reading_csv` and `reading_epcis` read traces, `plain_file` the large files of loggers, `excursions` judges any number of them at once, `legs` adds them up over a way of
several legs, `picture` draws one. Silence of a logger is silence: nothing is interpolated.
"""

from regenqc.reinspection.condition.excursions import TraceFindings, Trouble, judge_traces
from regenqc.reinspection.condition.in_turn import LegsInTurn, explain_way, judge_in_turn
from regenqc.reinspection.condition.legs import WayFinding, add_legs
from regenqc.reinspection.condition.logger_profile import LoggerProfile, logger_profiles
from regenqc.reinspection.condition.picture import trace_picture
from regenqc.reinspection.condition.reading_csv import read_logger_csv
from regenqc.reinspection.condition.reading_epcis import read_epcis_sensors
from regenqc.reinspection.condition.requirement import ChannelRequirement, ConditionRequirements, parse_condition
from regenqc.reinspection.condition.summary import condition_of_trace, explain_trace, mean_kinetic_temperatures
from regenqc.reinspection.condition.traces import Traces, join_traces

__all__ = [
    "ChannelRequirement",
    "ConditionRequirements",
    "LegsInTurn",
    "LoggerProfile",
    "TraceFindings",
    "Traces",
    "Trouble",
    "WayFinding",
    "add_legs",
    "condition_of_trace",
    "explain_trace",
    "explain_way",
    "join_traces",
    "judge_in_turn",
    "judge_traces",
    "logger_profiles",
    "mean_kinetic_temperatures",
    "parse_condition",
    "read_epcis_sensors",
    "read_logger_csv",
    "trace_picture",
]
