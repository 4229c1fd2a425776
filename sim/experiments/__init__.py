"""Experiments with the model: many replications, their measures, and the files they leave."""
