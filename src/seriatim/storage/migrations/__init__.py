"""Numbered SQL migrations, one file each: `NNNN_name.sql`, or `NNNN_name.<engine>.sql` where engines differ."""
