"""The rollout model: pure computation, no file, no plot, no wall clock."""
