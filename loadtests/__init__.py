"""Load tests of the Kjernejournal API at national scale (see README.md)."""
