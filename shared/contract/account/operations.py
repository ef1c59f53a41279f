"""Account reads and the user data stream."""
