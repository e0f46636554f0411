"""Defines fragments, which are content that campaigns share, and how a content names one."""
