"""Mail to customers: written from documents, and handed to a mail server after the commit that asked for it."""
