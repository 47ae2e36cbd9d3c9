"""The window: opened, divided among its parts, drawn frame by frame; keys become actions."""
