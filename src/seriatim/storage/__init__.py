"""The databases. Only here is there SQL, and only in its own package does a driver appear."""
