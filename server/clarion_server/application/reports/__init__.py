"""What became of the messages of a campaign, added up."""
