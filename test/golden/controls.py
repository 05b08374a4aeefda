"""Controls of the first modality, by scikit-learn: PLSRegression and KernelRidge on a centered Gaussian kernel."""
import json
import pathlib

import numpy as np
from sklearn.cross_decomposition import PLSRegression
from sklearn.kernel_ridge import KernelRidge
from sklearn.preprocessing import KernelCenterer

rng = np.random.default_rng(20)
factors = rng.normal(size=(30, 3))
x = factors @ rng.normal(size=(3, 12)) + rng.normal(size=(30, 12))
y = factors @ rng.normal(size=(3, 7)) + 0.5 * rng.normal(size=(30, 7))
x, y = x.astype(np.float32).astype(float), y.astype(np.float32).astype(float)  # as a Matrix holds them
train, new = slice(0, 24), slice(24, 30)

pls = {
    count: PLSRegression(n_components=count, scale=False, max_iter=100_000, tol=1e-28)
    .fit(x[train], y[train])
    .predict(x[new])
    for count in (1, 3, 6)
}


def squared_distances(a, b):
    return ((a[:, None] - b[None]) ** 2).sum(axis=2)


def kernel_ridge(gamma, lam):
    among = squared_distances(x[train], x[train])
    spread = among.mean()
    kernel = np.exp(-gamma * among / spread)
    centerer = KernelCenterer().fit(kernel)
    centered = centerer.transform(kernel)
    factor = spread / 2 / np.trace(centered) * len(centered)
    other = centerer.transform(np.exp(-gamma * squared_distances(x[new], x[train]) / spread))
    mean = y[train].mean(axis=0)
    model = KernelRidge(alpha=lam, kernel="precomputed").fit(factor * centered, y[train] - mean)
    return model.predict(factor * other) + mean


out = {
    "x": x.tolist(),
    "y": y.tolist(),
    "train": 24,
    "pls": [{"count": count, "predicted": found.tolist()} for count, found in pls.items()],
    "kernelRidge": [
        {"gamma": gamma, "lambda": lam, "predicted": kernel_ridge(gamma, lam).tolist()}
        for gamma, lam in ((0.3, 1), (3, 10), (1, 0.1))
    ],
}
pathlib.Path(__file__).with_name("controls.json").write_text(json.dumps(out) + "\n")
