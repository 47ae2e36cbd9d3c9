"""Steady noise: learned, followed, and taken out of spectra."""
