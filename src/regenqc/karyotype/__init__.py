"""Karyotypes as laboratories report them: read, compared with themselves, judged."""

from regenqc.karyotype.grammar import read_abnormality, read_karyotype
from regenqc.karyotype.judgement import KaryotypeJudgement, Outcome, judge_karyotype
from regenqc.karyotype.model import (
    Abnormality,
    Clone,
    Form,
    Karyotype,
    Notation,
    NotUnderstood,
    OtherTechnique,
    Signal,
)
from regenqc.karyotype.recurrent import RECURRENT_CHANGES, recurrent_changes
from regenqc.karyotype.writing import write_abnormality, write_karyotype

__all__ = [
    "RECURRENT_CHANGES",
    "Abnormality",
    "Clone",
    "Form",
    "Karyotype",
    "KaryotypeJudgement",
    "NotUnderstood",
    "Notation",
    "OtherTechnique",
    "Outcome",
    "Signal",
    "judge_karyotype",
    "read_abnormality",
    "read_karyotype",
    "recurrent_changes",
    "write_abnormality",
    "write_karyotype",
]
