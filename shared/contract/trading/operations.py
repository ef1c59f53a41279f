"""Orders and order lists."""
