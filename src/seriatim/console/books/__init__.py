"""The pages of the books: documents of all kinds, and the accounts that they belong to."""
