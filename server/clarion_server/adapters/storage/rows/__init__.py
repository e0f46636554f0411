"""Maps values to columns: JSON, fields, and access labels."""
