"""Says what recipients do with the links in their mails: they unsubscribe, and choose what to get."""
