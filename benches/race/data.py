"""What is raced on: the built-in features, and clustered vectors of any shape."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import numpy.typing as npt

FOLDER = Path("target/bench")


def features(command: str) -> npt.NDArray[np.float32]:
    """10,000 × 2048, the study's regime: ``annatomy generate resnet50-like``."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / "resnet50-like.npy"
    if not path.exists():
        subprocess.run([command, "generate", "resnet50-like", "--out", str(path)], check=True)
    return np.load(path)


def clustered(rows: int, columns: int, seed: int = 0, latent: int = 48, clusters: int = 100) -> npt.NDArray[np.float32]:
    """Gaussian clusters on a latent space, bent once by a random layer: neighbors of a dimensionality like embeddings'."""
    shape = np.random.default_rng(1)
    centers = shape.normal(size=(clusters, latent)).astype(np.float32)
    first = shape.normal(size=(latent, 2 * latent)).astype(np.float32)
    second = shape.normal(size=(2 * latent, columns)).astype(np.float32) / np.float32(np.sqrt(latent))
    drawn = np.random.default_rng(seed)
    out = np.empty((rows, columns), np.float32)
    for start in range(0, rows, 50_000):
        count = min(50_000, rows - start)
        points = centers[drawn.integers(clusters, size=count)]
        points = points + drawn.normal(size=(count, latent)).astype(np.float32)
        block = np.tanh(points @ first / np.float32(3)) @ second
        out[start : start + count] = block + np.float32(0.02) * drawn.normal(size=block.shape).astype(np.float32)
    return out
