"""Separation of a mix by a learned model: everything about it but the model itself."""
