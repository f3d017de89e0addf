"""Well-made peers of the server, each a program that prints its figures as JSON."""
