"""Controls of the first modality: scikit-learn's PLSRegression and KernelRidge on a centered Gaussian kernel; a ridge on
principal components and one column, probabilistic PCA and softImpute of incomplete rows, from their formulas in NumPy."""
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


observed = rng.random(y.shape) > 0.2
observed[:, 0] = True


def gene_ridge(j, own, lam, shrinkage):
    """Penalized least squares with one penalty for the columns of x and another for the own column, in the primal."""
    rows = np.flatnonzero(observed[train][:, j])
    inputs = np.c_[x[rows], x[rows][:, [own]]]
    center, mean = inputs.mean(axis=0), y[rows, j].mean()
    inputs = inputs - center
    penalty = np.diag([lam] * x.shape[1] + [shrinkage * x[train][:, own].var()])
    weights = np.linalg.solve(inputs.T @ inputs + penalty, inputs.T @ (y[rows, j] - mean))
    return (np.c_[x[new], x[new][:, [own]]] - center) @ weights + mean


def filled():
    """Gaps as a Matrix with unobserved entries has them: 0."""
    return np.c_[x[train], np.where(observed[train], y[train], 0)]


def seen():
    return np.c_[np.ones_like(x[train], bool), observed[train]]


def probabilistic_pca(k, rounds):
    data, mask = filled(), seen()
    n, d = data.shape
    mu = data.mean(axis=0)
    _, s, vt = np.linalg.svd(data - mu, full_matrices=False)
    variances = s**2 / (n - 1)
    noise = (variances.sum() - variances[:k].sum()) / d
    w = vt[:k].T * np.sqrt(np.maximum(variances[:k] - noise, 1e-9))
    for _ in range(rounds):
        t, cov = np.zeros((n, k)), np.zeros((n, k, k))
        for i in range(n):
            o = mask[i]
            inverse = np.linalg.inv(w[o].T @ w[o] + noise * np.eye(k))
            t[i], cov[i] = inverse @ w[o].T @ (data[i, o] - mu[o]), noise * inverse
        new_mu, new_w, errors = mu.copy(), np.zeros_like(w), 0.0
        for j in range(d):
            o = mask[:, j]
            new_mu[j] = (data[o, j] - t[o] @ w[j]).mean()
            moments = t[o].T @ t[o] + cov[o].sum(axis=0)
            new_w[j] = np.linalg.solve(moments, t[o].T @ (data[o, j] - new_mu[j]))
            errors += ((data[o, j] - new_mu[j] - t[o] @ new_w[j]) ** 2).sum()
            errors += new_w[j] @ cov[o].sum(axis=0) @ new_w[j]
        mu, w, noise = new_mu, new_w, errors / mask.sum()
    v = x.shape[1]
    inverse = np.linalg.inv(w[:v].T @ w[:v] + noise * np.eye(k))
    scores = (x[new] - mu[:v]) @ w[:v] @ inverse
    return scores @ w[v:].T + mu[v:]


def soft_impute(lam, rounds):
    data, mask = filled(), seen()
    mu = (data * mask).sum(axis=0) / mask.sum(axis=0)
    z = np.where(mask, data - mu, 0)
    tau = np.sqrt(lam)
    for _ in range(rounds):
        u, s, vt = np.linalg.svd(np.where(mask, data - mu, z), full_matrices=False)
        z = u * np.maximum(s - tau, 0) @ vt
    k = (s > tau).sum()
    b = vt[:k].T * np.sqrt(s[:k] - tau)
    v = x.shape[1]
    scores = np.linalg.solve(b[:v].T @ b[:v] + tau * np.eye(k), b[:v].T @ (x[new] - mu[:v]).T).T
    return scores @ b[v:].T + mu[v:]


out = {
    "x": x.tolist(),
    "y": y[:24].tolist(),  # of the training rows; no other is read
    "train": 24,
    "observed": observed.tolist(),
    "geneRidge": [
        {
            "lambda": lam,
            "shrinkage": shrinkage,
            "predicted": np.stack(
                [gene_ridge(j, j, lam, shrinkage) for j in range(y.shape[1])], axis=1
            ).tolist(),
        }
        for lam, shrinkage in ((3, 1), (100, 0.3))
    ],
    "probabilisticPca": {
        "count": 3,
        "rounds": 8,
        "predicted": probabilistic_pca(3, 8).tolist(),
    },
    "softImpute": [
        {"lambda": lam, "predicted": soft_impute(lam, 500).tolist()} for lam in (10, 100)
    ],
    "pls": [{"count": count, "predicted": found.tolist()} for count, found in pls.items()],
    "kernelRidge": [
        {"gamma": gamma, "lambda": lam, "predicted": kernel_ridge(gamma, lam).tolist()}
        for gamma, lam in ((0.3, 1), (3, 10), (1, 0.1))
    ],
}
pathlib.Path(__file__).with_name("controls.json").write_text(json.dumps(out) + "\n")
