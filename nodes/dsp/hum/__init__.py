"""Mains hum: found, followed and rebuilt."""
