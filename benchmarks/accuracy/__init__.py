"""The ledger against the truth."""
