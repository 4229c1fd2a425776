"""Mock of the Kjernejournal critical-information API and of HelseID (see README.md)."""
