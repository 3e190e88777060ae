"""The decision log: what was decided, for whom, why; a product feature with a schema."""
