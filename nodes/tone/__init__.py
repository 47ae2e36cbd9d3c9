"""Nodes that shape tone: curves, transients, air, clarity."""
