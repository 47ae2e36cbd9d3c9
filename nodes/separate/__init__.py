"""Nodes that take a mix apart."""
