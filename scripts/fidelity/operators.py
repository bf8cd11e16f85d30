"""All drawers, in the order of the table."""

import tflite_elementwise
import tflite_layers
import tflite_moves

DRAWERS = [*tflite_layers.DRAWERS, *tflite_elementwise.DRAWERS, *tflite_moves.DRAWERS]
