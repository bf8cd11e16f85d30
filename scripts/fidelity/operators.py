"""All drawers, in the order of the table."""

import networks
import onnx_moves
import onnx_networks
import onnx_qdq
import onnx_qoperator
import tflite_elementwise
import tflite_layers
import tflite_moves
import tflite_state

DRAWERS = [
    *tflite_layers.DRAWERS,
    *tflite_elementwise.DRAWERS,
    *tflite_moves.DRAWERS,
    *tflite_state.DRAWERS,
    *networks.DRAWERS,
    *onnx_qoperator.DRAWERS,
    *onnx_moves.DRAWERS,
    *onnx_qdq.DRAWERS,
    *onnx_networks.DRAWERS,
]
