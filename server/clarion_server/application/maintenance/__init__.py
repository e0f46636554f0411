"""The background work of a process: its lease, taking over from processes that died, retention, and housekeeping."""
