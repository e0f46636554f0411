"""Approvals: submitting drafts, approving them, and checking approvals before a draft becomes live or is published."""
