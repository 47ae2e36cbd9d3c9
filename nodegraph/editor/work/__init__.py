"""Work in the background: runs, previews of a passage, what is known of each node."""
