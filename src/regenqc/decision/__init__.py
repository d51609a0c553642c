"""A named person decides about a batch and signs; the engine only proposes."""
