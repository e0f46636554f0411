"""Says what a process does besides: its lease, lost attempts, retention, and what it tells of itself."""
