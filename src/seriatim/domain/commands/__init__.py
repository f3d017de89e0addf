"""The commands: one file a noun, each with what it needs and what it decides."""
