"""The dialects: one package for each API that Seriatim speaks. None knows another."""
