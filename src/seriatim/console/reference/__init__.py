"""The API reference: every operation, a form that sends a real request, and the same call as code."""
