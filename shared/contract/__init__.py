"""What is said: every operation, stream, event and error of the platform, declared once. No I/O here."""
