"""Writes small ONNX models into onnx/, and what ONNX Runtime makes of drawn pictures that Pillow and NumPy prepared.

Needs what make_goldens.py needs, and onnx, onnxruntime. What a reviewer should expect: models change only with this script; rows
change in their last digits with ONNX Runtime's version. Each row of the files is one picture of SIZES, in order.
"""

import pathlib

import numpy as np
import onnx
import onnxruntime
from make_goldens import drawn, drawn_picture
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

HERE = pathlib.Path(__file__).parent / "onnx"
SIZES = [(60, 41), (33, 97), (40, 40), (24, 30), (100, 8)]
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def weight(name, *shape):
    values = drawn(name, int(np.prod(shape))).reshape(shape)
    return numpy_helper.from_array(values * np.float32((3 / np.prod(shape[1:])) ** 0.5), name)


def tensor(name, shape, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def save(name, nodes, inputs, outputs, weights):
    graph = helper.make_graph(nodes, name, inputs, outputs, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, HERE / f"{name}.onnx")


def body(pixels):
    """Convolution, ReLU, pooling; then logits, so that features are inside."""
    nodes = [
        helper.make_node("Conv", [pixels, "kernel", "bias"], ["convolved"], kernel_shape=[3, 3], strides=[2, 2]),
        helper.make_node("Relu", ["convolved"], ["map"]),
        helper.make_node("GlobalAveragePool", ["map"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["features"]),
        helper.make_node("Gemm", ["features", "head"], ["logits"], transB=1),
    ]
    return nodes, [weight("kernel", 8, 3, 3, 3), weight("bias", 8), weight("head", 5, 8)]


def write_models():
    nodes, weights = body("pixels")
    pixels, rows, map_ = tensor("pixels", ["n", 3, 32, 32]), tensor("features", ["n", 8]), tensor("map", ["n", 8, 15, 15])
    logits = tensor("logits", ["n", 5])
    save("classifier", nodes, [pixels], [logits], weights)
    save("several", nodes, [pixels], [logits, rows, map_], weights)
    save("pooled", nodes[:3], [tensor("pixels", ["n", 3, "h", "w"])], [tensor("pooled", ["n", 8, 1, 1])], weights[:2])
    save("map", nodes[:2], [pixels], [map_], weights[:2])
    batch = [tensor("pixels", [3, 3, 32, 32])], [tensor("features", [3, 8])]
    save("three_at_once", nodes[:4], *batch, weights[:2])
    turned, weights = body("turned")
    turn = helper.make_node("Transpose", ["pixels"], ["turned"], perm=[0, 3, 1, 2])
    save("channels_last", [turn, *turned[:4]], [tensor("pixels", [1, 24, 32, 3])], [tensor("features", [1, 8])], weights[:2])
    add = helper.make_node("Add", ["pixels", "more"], ["sum"])
    both = [pixels, tensor("more", ["n", 3, 32, 32])]
    save("two_inputs", [add], both, [tensor("sum", ["n", 3, 32, 32])], [])
    gray = tensor("pixels", ["n", 1, 28, 28])
    save("gray", [helper.make_node("Flatten", ["pixels"], ["rows"])], [gray], [tensor("rows", ["n", 784])], [])


def prepared(picture, resize, crop, resample=Image.BILINEAR, divisor=255, norm=IMAGENET, colors="rgb"):
    """resize: the shorter side, or (width, height); crop: (width, height). Sizes and places as torchvision has them."""
    width, height = picture.size
    if isinstance(resize, int):
        short = min(width, height)
        resize = tuple(resize if side == short else int(resize * side / short) for side in (width, height))
    # Columns, then rows: Pillow 13 turns that around where the height shrinks much more than the width.
    picture = picture.resize((resize[0], height), resample).resize(resize, resample)
    left, top = (round((side - kept) / 2) for side, kept in zip(resize, crop))
    values = np.asarray(picture.crop((left, top, left + crop[0], top + crop[1])), np.float32)
    if colors == "bgr":
        values = values[..., ::-1]
    mean, deviation = (np.asarray(numbers, np.float32) for numbers in norm)
    return (values / np.float32(divisor) - mean) / deviation


def run(name, output, images):
    session = onnxruntime.InferenceSession(HERE / f"{name}.onnx", providers=["CPUExecutionProvider"])
    return session.run([output], {session.get_inputs()[0].name: images})[0]


def write_rows():
    pictures = [drawn_picture(*size) for size in SIZES]
    usual = np.stack([prepared(picture, 36, (32, 32)) for picture in pictures]).transpose(0, 3, 1, 2)
    rows = {
        "classifier": run("classifier", "logits", usual),
        "several": run("several", "features", usual),
        "pooled": run("pooled", "pooled", usual)[:, :, 0, 0],
        "three_at_once": np.concatenate([run("several", "features", usual[i : i + 1]) for i in range(5)]),
    }
    half = ((0.5,) * 3, (0.25, 0.5, 1.0))
    special = [prepared(p, (40, 30), (32, 24), Image.BICUBIC, 128, half, "bgr") for p in pictures]
    rows["channels_last"] = np.concatenate([run("channels_last", "features", image[None]) for image in special])
    for name, values in rows.items():
        np.save(HERE / f"{name}.npy", values.astype(np.float32))


if __name__ == "__main__":
    HERE.mkdir(exist_ok=True)
    write_models()
    write_rows()
