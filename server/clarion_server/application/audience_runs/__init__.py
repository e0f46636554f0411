"""From one call to messages to all members of an audience, in parts that survive a crash."""
