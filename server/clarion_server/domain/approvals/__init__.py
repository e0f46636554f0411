"""Defines approvals of drafts, and the policies that say how many are needed."""
