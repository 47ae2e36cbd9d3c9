"""Wow, flutter and drift: measured from the sound, and undone."""
