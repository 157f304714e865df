"""Measurements: what it costs, and how it compares, in one run."""
