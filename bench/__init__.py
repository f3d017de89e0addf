"""Benchmarks. Each verifies what it measured, and prints ratios against a baseline of the same run."""
