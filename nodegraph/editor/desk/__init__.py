"""What is edited and remembered: the document with its history, the selection, settings, actions."""
