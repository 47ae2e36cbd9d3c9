"""What lossy codecs leave behind."""
