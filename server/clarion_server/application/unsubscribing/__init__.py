"""The use cases of the links in mails: recipients unsubscribe, and choose what to get."""
