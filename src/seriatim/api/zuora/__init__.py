"""Zuora's v1 REST API: OAuth, sequence sets, and the operations whose documents they number."""
