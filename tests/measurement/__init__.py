"""Tests of what reported values, units and limits mean."""
