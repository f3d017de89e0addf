"""Seriatim numbers billing documents: unique, in order, without a gap, and provably so."""

__version__ = "0.1.0"
