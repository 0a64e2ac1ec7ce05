"""ONNX files, made by hand: the package that writes them is no dependency."""

import numpy as np
import pandas as pd
import pytest

from labelmill import apply_lfs, model_lf
from labelmill.errors import LFError
from labelmill.labeling.fingerprints import fingerprint

pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")

FRAME = pd.DataFrame({"id": list("abcd"), "x": [0.0, 1.0, 2.0, 3.0], "y": 1.0})


def field(number, payload):
    """One field of a protocol buffer: a number, or bytes."""

    def varint(value):
        out = b""
        while value > 0x7F:
            out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
        return out + bytes([value])

    if isinstance(payload, int):
        return varint(number << 3) + varint(payload)
    payload = payload.encode() if isinstance(payload, str) else payload
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def value_info(name, width):
    shape = field(1, field(2, "n")) + field(1, field(1, width))
    return field(1, name) + field(2, field(1, field(1, 1) + field(2, shape)))


def node(kind, inputs, output, **integers):
    attributes = b"".join(field(5, field(1, name) + field(3, value) + field(20, 2)) for name, value in integers.items())
    return field(1, b"".join(field(1, i) for i in inputs) + field(2, output) + field(4, kind) + attributes)


def onnx_file(path, weights, inputs=("x",)):
    """A linear model with softmax: class number and probabilities."""
    weights = np.asarray(weights, dtype=np.float32)
    tensor = field(1, weights.shape[0]) + field(1, weights.shape[1]) + field(2, 1) + field(8, "W")
    joined = node("Concat", inputs, "all", axis=1) if len(inputs) > 1 else node("Identity", inputs, "all")
    graph = (
        joined
        + node("MatMul", ["all", "W"], "scores")
        + node("Softmax", ["scores"], "probabilities")
        + field(2, "g")
        + field(5, tensor + field(9, weights.tobytes()))
        + b"".join(field(11, value_info(name, len(weights) if len(inputs) == 1 else 1)) for name in inputs)
        + field(12, value_info("scores", weights.shape[1]))
        + field(12, value_info("probabilities", weights.shape[1]))
    )
    path.write_bytes(field(1, 8) + field(7, graph) + field(8, field(1, "") + field(2, 13)))
    return path


def test_one_input_takes_all_columns_side_by_side(tmp_path):
    path = onnx_file(tmp_path / "m.onnx", [[-1, 1], [0, 0]])
    lf = model_lf("m", path, columns=["x", "y"], thresholds=0.9)
    applied = apply_lfs(FRAME.assign(x=[-3.0, 3.0, 0.1, 0.0]), [lf], cardinality=2)
    assert applied.L[:, 0].tolist() == [0, 1, -1, -1]
    soft = model_lf("m", path, columns=["x", "y"], soft=True).weights({"x": 1.0, "y": 0.0})
    assert soft[1] == pytest.approx(1 / (1 + np.exp(-2)), rel=1e-5)


def test_several_inputs_take_columns_by_name(tmp_path):
    path = onnx_file(tmp_path / "m.onnx", [[-1, 1], [0, 3]], inputs=("y", "x"))
    frame = FRAME.assign(x=[-1.0, 1.0, 0.0, 0.0], y=[0.0, 0.0, -1.0, 1.0])
    assert apply_lfs(frame, [model_lf("m", path, columns=["x", "y"])], cardinality=2).L[:, 0].tolist() == [
        0, 1, 0, 1,
    ]  # fmt: skip
    with pytest.raises(LFError, match=r"m\.onnx: its input 'y' is none of the columns \['x', 'id'\]"):
        apply_lfs(frame, [model_lf("m", path, columns=["x", "id"])], cardinality=2)


def test_the_file_is_a_resource(tmp_path):
    path = onnx_file(tmp_path / "m.onnx", [[-1, 1]])
    lf = model_lf("m", path, columns="x")
    assert lf.resources == (path,)
    before = fingerprint(lf, tmp_path).key
    assert apply_lfs(FRAME, [lf], cardinality=2).L[:, 0].tolist() == [-1, 1, 1, 1]
    onnx_file(path, [[1, -1]])
    assert fingerprint(model_lf("m", path, columns="x"), tmp_path).key != before
    assert apply_lfs(FRAME, [lf], cardinality=2).L[:, 0].tolist() == [-1, 0, 0, 0]
