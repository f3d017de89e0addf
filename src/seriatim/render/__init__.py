"""The page that a customer reads: a document's values in, a PDF out. Knows no dialect and no register."""
