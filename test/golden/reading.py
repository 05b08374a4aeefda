"""Writes reading.json: what PyTorch, SciPy, statsmodels and lifelines say of how a model is read.

Run it as generate.py, with the same requirements:

    .venv-golden/bin/python test/golden/reading.py            # writes beside this script
    .venv-golden/bin/python test/golden/reading.py elsewhere  # writes into another folder

Integrated gradients are autograd's, by the midpoint rule, of an autoencoder in float64 that sees the first columns;
captum's IntegratedGradients with method="riemann_middle" gives the same. Saliency is the absolute gradient. Cox models without a penalty are statsmodels' PHReg; with one, the
penalized partial likelihood with Efron's ties is maximized here in NumPy, by Newton's method. Inputs are multiples of
powers of two.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from lifelines.utils import concordance_index
from scipy.stats import hypergeom
from statsmodels.duration.hazard_regression import PHReg
from statsmodels.stats.multitest import multipletests
from torch import nn
from torch.nn import functional as F

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)
rng = np.random.default_rng(11)


def on_grid(values, bits=10):
    return np.round(np.asarray(values) * 2.0**bits) / 2.0**bits


FEATURES, VISIBLE, WIDTH, LAYERS, ROWS, STEPS = 11, 7, 6, 2, 4, 16
layers = [("inp_lin", WIDTH, FEATURES)]
layers += [(f"encoder_layers.{i}", WIDTH, WIDTH) for i in range(LAYERS)]
layers += [("out_lin", FEATURES, WIDTH)]
weights = {}
for name, out, into in layers:
    weights[f"{name}.weight"] = torch.tensor(on_grid(rng.normal(size=(out, into)) / 1.5))
    weights[f"{name}.bias"] = torch.tensor(on_grid(rng.normal(size=out) / 3))


def encode(x):
    h = torch.cat([x[:, :VISIBLE], torch.zeros_like(x[:, VISIBLE:])], 1)
    for name, *_ in layers[:-1]:
        h = F.relu(F.linear(h, weights[f"{name}.weight"], weights[f"{name}.bias"]))
    return h


def reconstruct(x):
    return F.softplus(F.linear(encode(x), weights["out_lin.weight"], weights["out_lin.bias"]))


def slopes(function, at, column):
    at = at.clone().requires_grad_()
    return torch.autograd.grad(function(at)[:, column].sum(), at)[0]


x = torch.tensor(on_grid(np.maximum(rng.normal(size=(ROWS, FEATURES)), 0)))
shifted = torch.tensor(on_grid(rng.random((1, FEATURES)) / 2))
attributions = []
for of, function, column, baseline in [
    ("reconstruction", reconstruct, 9, torch.zeros(1, FEATURES)),
    ("reconstruction", reconstruct, 2, shifted),
    ("latent", encode, 3, torch.zeros(1, FEATURES)),
]:
    share = (torch.arange(STEPS) + 0.5) / STEPS
    values = torch.stack(
        [
            (row - baseline[0]) * slopes(function, baseline + share[:, None] * (row - baseline), column).mean(0)
            for row in x
        ]
    )
    delta = values.sum(1) - (function(x)[:, column] - function(baseline)[:, column])
    attributions.append(
        {
            "of": of,
            "column": column,
            "baseline": baseline[0].tolist(),
            "values": values[:, :VISIBLE].tolist(),
            "error": delta.tolist(),
            "saliency": slopes(function, x, column).abs()[:, :VISIBLE].tolist(),
        }
    )

tails = [
    {"total": t, "marked": m, "drawn": d, "found": k, "p": float(hypergeom.sf(k - 1, t, m, d))}
    for t, m, d, k in [(50, 10, 12, 5), (20000, 150, 200, 9), (20000, 150, 200, 0), (30, 30, 4, 4), (18, 15, 9, 6), (18, 15, 9, 9)]
]
p = [0.01, 0.04, 0.03, 0.005, 0.04, 0.9, 0.5]
adjusted = multipletests(p, method="fdr_bh")[1].tolist()

n, columns = 40, 3
z = on_grid(rng.normal(size=(n, columns)))
time = np.ceil(10 * rng.exponential(size=n) * np.exp(-z @ [0.8, -0.5, 0.0]) + 0.1)  # whole numbers: many ties
died = rng.random(n) < 0.65


def efron(beta):
    """Partial log-likelihood with gradient and information, from the definition."""
    eta = z @ beta
    value, gradient, information = 0.0, np.zeros(columns), np.zeros((columns, columns))
    for t in np.unique(time[died]):
        risk, dead = time >= t, died & (time == t)
        w, wd = np.where(risk, np.exp(eta), 0), np.where(dead, np.exp(eta), 0)
        for k, row in enumerate(np.flatnonzero(dead)):
            u = w - k / dead.sum() * wd
            mean = u @ z / u.sum()
            value += eta[row] - np.log(u.sum())
            gradient += z[row] - mean
            information += (z.T * u) @ z / u.sum() - np.outer(mean, mean)
    return value, gradient, information


def ridge_cox(ridge):
    beta = np.zeros(columns)
    for _ in range(60):
        _, gradient, information = efron(beta)
        beta = beta + np.linalg.solve(information + ridge * np.eye(columns), gradient - ridge * beta)
    return beta


found = PHReg(time, z, status=died.astype(int), ties="efron").fit()
fits = [{"ridge": 0, "coefficients": found.params.tolist(), "logLikelihood": float(found.llf)}]
for ridge in (2.5, 100):
    beta = ridge_cox(ridge)
    fits.append({"ridge": ridge, "coefficients": beta.tolist(), "logLikelihood": efron(beta)[0]})
distinct = np.argsort(np.argsort(time + rng.random(n) / 2)) + 1.0
risk = on_grid(z @ [0.8, -0.5, 0.0], 1)  # with ties

out = {
    "autoencoder": {
        "features": FEATURES,
        "visible": VISIBLE,
        "width": WIDTH,
        "hiddenLayers": LAYERS,
        "steps": STEPS,
        "weights": {name: tensor.tolist() for name, tensor in weights.items()},
        "x": x.tolist(),
        "attributions": attributions,
    },
    "enrichment": {"tails": tails, "p": p, "adjusted": adjusted},
    "cox": {"x": z.tolist(), "time": time.tolist(), "died": died.tolist(), "fits": fits},
    "concordance": {
        "time": distinct.tolist(),
        "risk": risk.tolist(),
        "index": float(concordance_index(distinct, -risk, died)),
    },
}
folder = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent)
(folder / "reading.json").write_text(json.dumps(out, separators=(",", ":")) + "\n")
