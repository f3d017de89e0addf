"""Sequence's API: credit notes, invoices and customers, in three dated versions."""
