"""The HelseID issuer: discovery, PAR, authorize, token, DPoP (kj-api.md chapter 5)."""
