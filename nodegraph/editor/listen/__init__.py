"""Listening: sound out, pictures of sound, loudness. No DearPyGui here."""
