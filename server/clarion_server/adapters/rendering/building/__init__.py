"""Makes what is sent of what authors wrote, before any value stands in it."""
