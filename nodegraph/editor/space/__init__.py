"""Geometry: the view, the shape of nodes, the course of links, what lies under the pointer, gestures.

Plain Python and NumPy, in canvas units (x to the right, y down) unless a name says pixels.
"""
