"""The canvas: draws the document and hands the pointer's movements to the gestures."""
