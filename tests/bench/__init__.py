"""Benchmarks: ratios measured in one run, written to out/bench/*.json and printed as a table. Never a pass or fail of a test."""
