"""The built-in recording: a tune and the wear of its record."""
