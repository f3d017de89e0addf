"""The rules, and nothing but the rules: no I/O, no clock, no randomness, no library but the standard one."""
