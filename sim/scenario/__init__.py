"""Scenario files: their parameters, their form, and how they are read."""
