"""Who calls, and what they may do: secrets, tokens, the directory of clients, permissions."""
