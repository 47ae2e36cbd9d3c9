"""The editor: a window in which a graph is built, run and heard.

Rooms, each importing only those before it: `words` (what is said, in which language), `look` (colours,
fonts), `desk` (what is edited and remembered), `space` (geometry and gestures), `listen` (sound out and
pictures of sound), `work` (runs in the background), `canvas` and `panels` (what is drawn), `window`.
Only the last three touch DearPyGui.
"""
