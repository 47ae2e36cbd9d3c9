"""Nodes that set levels: loudness, peaks, limiting."""
