"""The use cases: the writer, the reads, and the ports that a store has to fill."""
