"""Nodes that make sound without an input."""
