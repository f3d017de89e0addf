"""The pages of what happened: the activity log, and outgoing mail."""
