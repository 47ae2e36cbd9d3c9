"""New treble from a model that knows only short blocks: cutting, matching levels, joining."""
