"""Orders and order lists: what changes an account."""
