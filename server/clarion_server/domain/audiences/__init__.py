"""Defines audiences and the runs in which a campaign is sent to one."""
