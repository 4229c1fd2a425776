"""The critical-information API in its two generations over one store."""
