"""What the engine decides, and that nothing else changes it."""
