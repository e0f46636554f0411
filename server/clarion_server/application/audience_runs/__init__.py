"""Makes one call become messages to all members of an audience, in parts that survive a crash."""
