"""The report of a run: one HTML page with charts inline, no script, no request to anywhere."""
