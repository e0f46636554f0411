"""Says what authors and operators do: campaigns from draft to stop, and channel configurations."""
