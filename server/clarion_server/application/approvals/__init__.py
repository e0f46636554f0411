"""Approvals: whose word it takes before a draft becomes live, or a version."""
