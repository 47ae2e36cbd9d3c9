"""Nodes that take damage away, each with a second output that holds what was taken."""
