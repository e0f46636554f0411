"""What people subscribe to, and what they have chosen."""
