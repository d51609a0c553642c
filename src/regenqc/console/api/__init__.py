"""The JSON interface that a LIMS or MES calls."""
