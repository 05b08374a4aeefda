"""Writes linear_algebra.json: products, Cholesky factors, eigenvectors and distances by NumPy and SciPy.

Run it as generate.py, with the same requirements:

    .venv-golden/bin/python test/golden/linear_algebra.py            # writes beside this script
    .venv-golden/bin/python test/golden/linear_algebra.py elsewhere  # writes into another folder

Inputs are formulas of the row and the column, so that the file holds results alone: `entry(i, j)` lies in [-0.5, 0.5),
and `symmetric(i, j)` is its sum with its mirror image.
"""

import json
import os
import sys
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np
import scipy.linalg
from scipy.spatial.distance import cdist


def entry(rows, columns):
    i, j = np.ogrid[:rows, :columns]
    return ((7919 * i + 104729 * j + 31 * i * j) % 1021) / 1021 - 0.5


def symmetric(size):
    return entry(size, size) + entry(size, size).T


def products(rows, others, columns):
    a, b, center = entry(rows, columns), entry(others, columns)[::-1], entry(1, columns)[0]
    return {
        "rows": rows,
        "others": others,
        "columns": columns,
        "gram": ((a - center) @ (a - center).T).ravel().tolist(),
        "transposed": ((a - center) @ b.T).ravel().tolist(),
        "squaredDistances": cdist(a, b, "sqeuclidean").ravel().tolist(),
    }


def cholesky(size):
    """Of `entry entry^T` and the identity; solved for the first two rows of `entry`."""
    matrix = entry(size, size) @ entry(size, size).T + np.eye(size)
    right = entry(2, size) if size > 1 else entry(1, size)
    return {
        "size": size,
        "logDeterminant": np.linalg.slogdet(matrix)[1],
        "solved": scipy.linalg.cho_solve(scipy.linalg.cho_factor(matrix), right.T).T.ravel().tolist(),
    }


def eigen(size):
    """Largest first; of the outermost vectors the magnitudes, since a sign is arbitrary."""
    values, vectors = np.linalg.eigh(symmetric(size))
    return {
        "size": size,
        "values": values[::-1].tolist(),
        "first": np.abs(vectors[:, -1]).tolist(),
        "last": np.abs(vectors[:, 0]).tolist(),
    }


def main():
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    sizes = [1, 2, 3, 17, 31, 33, 64, 65, 129]
    found = {
        "products": [products(3, 2, 5), products(7, 5, 33)],
        "cholesky": [cholesky(size) for size in sizes],
        "eigen": [eigen(size) for size in sizes],
    }
    (folder / "linear_algebra.json").write_text(json.dumps(found, separators=(",", ":")) + "\n")


main()
