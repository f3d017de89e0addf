"""The pages of settings: entities and what they print about themselves, people and API clients."""
