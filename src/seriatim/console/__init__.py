"""The web pages for people. They call the same services and commands as the APIs, and hold no rule of their own."""
