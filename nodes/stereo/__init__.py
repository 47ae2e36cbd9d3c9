"""Nodes that work on the stereo image."""
