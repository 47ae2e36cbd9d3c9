"""Clipped waves: found, and given their tops back."""
