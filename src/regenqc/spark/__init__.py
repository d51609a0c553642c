"""Evaluate results on Apache Spark: the same judgement, for more rows than one machine holds."""

from regenqc.spark.evaluation import SparkEvaluation, evaluate

__all__ = ["SparkEvaluation", "evaluate"]
