"""Defines campaigns: versions, targeting, test cases, proofs, and the rules for them."""
