"""Forecast of the national rollout of critical patient information (see README.md)."""
