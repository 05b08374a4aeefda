"""Writes shared_decoder.json: closed-form paths and their pooled linear stack in NumPy, and the network on autograd, for
lib/impute and lib/model to agree with.

Run it as generate.py, with the same requirements:

    .venv-golden/bin/python test/golden/shared_decoder.py            # writes beside this script
    .venv-golden/bin/python test/golden/shared_decoder.py elsewhere  # writes into another folder

The paths are written from their formulas, feature by feature, in float64. The cohort is simulated: two factors, RNA that
proteins follow, gaps, a feature that is measured too rarely, one that is constant and one that never was. Measurements,
weights and inputs are multiples of powers of two, so that they are short as text and exact in float32.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from options import numbers, on_grid
from torch import nn

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
LIGHT, STRONG, LEAST = 0.4, 2.0, 10
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(11)
WEIGHTS = WEIGHTS / WEIGHTS.sum()


# ---------------------------------------------------------------- a cohort


def simulate(random):
    samples, genes, proteins, sites = 26, 40, 16, 11
    factors = random.normal(size=(samples, 2))
    rna = factors @ random.normal(size=(2, genes)) + random.normal(size=(samples, genes)) + 5
    rna[random.random(rna.shape) < 0.03] = np.nan
    own = np.nan_to_num(rna, nan=5) - 5
    protein = 0.5 * own[:, :proteins] + factors @ random.normal(size=(2, proteins)) / 2
    protein = protein + 0.5 * random.normal(size=protein.shape)
    site = 0.7 * protein[:, 3 : 3 + sites] + 0.7 * random.normal(size=(samples, sites))
    names = [
        [f"G{i}" for i in range(genes)],
        [f"G{i}" if i < 14 else f"P{i}" for i in range(proteins)],
        [f"G{i + 3}" if i < 8 else f"S{i}" for i in range(sites)],
    ]
    for table in (protein, site):
        share = 0.5 * random.random(table.shape[1]) ** 2
        share[::3] = 0
        table[random.random(table.shape) < share] = np.nan
    protein[8:, 1] = np.nan  # measured too rarely
    protein[:, 4] = 2.0  # constant
    site[:, 5] = np.nan  # never measured
    patients = [f"patient {max(i, 2) if i != 7 else 6}" for i in range(samples)]
    return [on_grid(table, 7) for table in (rna, protein, site)], names, patients


# ---------------------------------------------------------------- preprocessing


def paper_scaler(table):
    """Median fill, percentiles 1 and 99, mean and deviation of the filled and clamped column."""
    empty = np.isnan(table).all(axis=0)
    median = np.where(empty, 0, np.nanmedian(np.where(empty, 0, table), axis=0))
    filled = np.where(np.isnan(table), median, table)
    low, high = np.percentile(filled, [1, 99], axis=0)
    clamped = np.clip(filled, low, high)
    std = np.where(low == high, 0, clamped.std(axis=0))
    return {"median": median, "low": low, "high": high, "mean": clamped.mean(axis=0), "std": std}


def paper_z(scaler, table):
    filled = np.clip(np.where(np.isnan(table), scaler["median"], table), scaler["low"], scaler["high"])
    return np.where(scaler["std"] > 0, (filled - scaler["mean"]) / np.where(scaler["std"] > 0, scaler["std"], 1), 0)


def observed_standard(scaler, column, j):
    """Mean and deviation of a column's observed entries; deviation 0 where they are too few, or all alike."""
    seen = np.clip(column[~np.isnan(column)], scaler["low"][j], scaler["high"][j])
    if len(seen) == 0:
        return 0.0, 0.0, 0
    known = len(seen) >= LEAST and scaler["low"][j] < scaler["high"][j]
    return seen.mean(), seen.std() if known else 0.0, len(seen)


# ---------------------------------------------------------------- paths


def smoother(kernel, train, rows, shrinkage):
    """Ridge weights of training samples for other samples, centered on the training samples; rows sum to 1."""
    n = len(train)
    ones = np.full((n, n), 1 / n)
    among = kernel[np.ix_(train, train)]
    across = kernel[np.ix_(rows, train)]
    centered = among - ones @ among - among @ ones + ones @ among @ ones
    half = across - np.full((len(rows), n), 1 / n) @ among
    similarity = half - half @ ones
    weights = similarity @ np.linalg.inv(centered + shrinkage * np.eye(n))
    return weights + (1 - weights.sum(axis=1, keepdims=True)) / n


def fill(y, seen, weights):
    c = seen.sum()
    start = y[seen].mean() * c / (c + 1) if c else 0.0
    filled = np.where(seen, y, start)
    for _ in range(6):
        filled = np.where(seen, y, weights @ filled)
    return filled


def pearson(a, b, seen):
    a, b = a[seen], b[seen]
    if len(a) == 0:
        return 0.0
    a, b = a - a.mean(), b - b.mean()
    return (a @ b) / np.sqrt(max((a @ a) * (b @ b), 1e-9))


def fit_and_follow(tables, names, train, new, folds):
    """Paths fitted on the training samples; what they say of the new ones."""
    rna, *targets = tables
    rna_scaler = paper_scaler(rna[train])
    x = paper_z(rna_scaler, rna)
    x = x - x[train].mean(axis=0)
    kernel = x @ x.T
    kernel = kernel / np.diag(kernel)[train].mean()
    x = paper_z(rna_scaler, rna)
    n = len(train)
    light = smoother(kernel, train, train, LIGHT)
    strong = smoother(kernel, train, train, STRONG)
    light_new = smoother(kernel, train, new, LIGHT)
    strong_new = smoother(kernel, train, new, STRONG)

    features = []
    for m, table in enumerate(targets):
        scaler = paper_scaler(table[train])
        for j in range(table.shape[1]):
            f = {"modality": m, "name": names[m + 1][j], "n": n}
            center, scale, count = observed_standard(scaler, table[train, j], j)
            measured = ~np.isnan(table[train, j])
            clamped = np.clip(np.where(measured, table[train, j], 0), scaler["low"][j], scaler["high"][j])
            std = scaler["std"][j]
            paper = np.maximum(0, (clamped - scaler["mean"][j]) / std) if std > 0 else np.zeros(n)
            shrunken = count + 1 if scale > 0 else max(count, 1)
            f["level"] = np.log1p(paper[measured]).sum() / shrunken
            f["by"] = scale / std if std > 0 else 0.0
            f["plus"] = (center - scaler["mean"][j]) / std if std > 0 else 0.0
            seen = measured & (scale > 0)
            y = np.where(seen, (clamped - center) / (scale or 1), 0)
            f["limits"] = [abs(scaler[k][j] - center) / scale if scale > 0 else 0.0 for k in ("high", "low")]
            ridge = np.zeros(n)
            for fold in folds:
                kept = np.array([i for i in range(n) if i not in fold])
                inside = smoother(kernel, train[kept], train[kept], STRONG)
                outside = smoother(kernel, train[kept], train[fold], STRONG)
                ridge[fold] = outside @ fill(y[kept], seen[kept], inside)
            c = int(seen.sum())
            e = np.where(seen, y - ridge, 0)
            mean = e.sum() / max(c, 1)
            f["partner"] = names[0].index(f["name"]) if f["name"] in names[0] else -1
            own = x[train, f["partner"]] if f["partner"] >= 0 else np.zeros(n)
            own_mean = own[seen].sum() / max(c, 1)
            dx, de = np.where(seen, own - own_mean, 0), np.where(seen, e - mean, 0)
            squares, products, total = dx @ dx, dx @ de, de @ de
            against = squares + own.var()
            slope = products / against if against > 0 else 0.0
            error = np.sqrt(max(total - slope * products, 1e-6) / max(c - 2, 1) / max(against, 1e-6))
            t = slope / max(error, 1e-6) if c > 4 and against > 0 else 0.0
            reliability = max(1 - 1 / max(t * t, 1e-6), 0)
            others = against - dx**2
            alone = np.where(others > 1e-6, (products - dx * de) / np.where(others > 1e-6, others, 1) * dx, 0)
            rest = np.where(seen, de - reliability * alone, 0)
            leverage = np.diag(light) - 1 / n
            smoothed = ((light - 1 / n) @ rest - leverage * rest) / np.maximum(1 - leverage, 0.05)
            f.update(count=c, total=total, t=t, slope=slope, reliability=reliability, own_mean=own_mean)
            f["r"] = [pearson(y, ridge, seen), pearson(e, np.where(seen, alone, 0), seen), pearson(rest, smoothed, seen)]
            f["paths"] = [
                light_new @ fill(y, seen, light),
                strong_new @ fill(y, seen, strong),
                slope * (x[new, f["partner"]] - own_mean) if f["partner"] >= 0 else np.zeros(len(new)),
                x[new, f["partner"]] if f["partner"] >= 0 else np.zeros(len(new)),
                None,
                np.full(len(new), mean * c / (c + 3)),
                (light_new - 1 / n) @ rest,
            ]
            features.append(f)

    pooled = sum(f["total"] for f in features) / sum(f["count"] for f in features)
    for f in features:
        f["unit"] = max(1e-3, np.sqrt((f["total"] + 4 * pooled) / (f["count"] + 4)))
    standard = [(rna_scaler[k] - rna_scaler[k].mean()) / rna_scaler[k].std() for k in ("mean", "std")]
    values, statistics = [], []
    for f in features:
        other = [g for g in features if g["name"] == f["name"] and g["modality"] != f["modality"]]
        g = other[0] if other else None
        f["paths"][4] = g["reliability"] * g["paths"][2] * f["unit"] / g["unit"] if g else np.zeros(len(new))
        scaled = [path if p == 3 else path / f["unit"] for p, path in enumerate(f["paths"])]
        values.append(np.clip(scaled, -4, 4).T)
        p, n_seen = f["partner"], f["count"]
        statistics.append(
            [
                np.log(f["unit"]),
                np.tanh(f["t"] / 4),
                *f["r"],
                1 - n_seen / n,
                standard[0][p] if p >= 0 else 0,
                standard[1][p] / 2 if p >= 0 else 0,
                p >= 0,
                g is not None,
                np.tanh(g["t"] / 4) if g else 0,
                np.log1p(n_seen) - np.log1p(n),
                np.log1p(f["limits"][0]) - 1,
                np.log1p(f["limits"][1]) - 1,
                f["level"] - 0.35,
                f["modality"] == 1,
            ]
        )
    system = np.linalg.inv(kernel[np.ix_(train, train)] + LIGHT * np.eye(n))
    across, itself = kernel[np.ix_(new, train)], np.diag(kernel)[new]
    novelty = 1 - np.einsum("ij,jk,ik->i", across, system, across) / itself
    return {
        "values": np.stack(values, axis=1).tolist(),  # [new samples, features, paths]
        "statistics": np.array(statistics, float).tolist(),
        "samples": np.stack([novelty, np.log(itself)], axis=1).tolist(),
        "unit": [f["unit"] for f in features],
        "by": [f["by"] for f in features],
        "plus": [f["plus"] for f in features],
        "level": [f["level"] for f in features],
        "inferred": [bool(f["by"] > 0) for f in features],
    }


# ---------------------------------------------------------------- the network


class Network(nn.Module):
    def __init__(self, inputs, hidden, paths, outputs):
        super().__init__()
        self.hidden = nn.ModuleList([nn.Linear(inputs, hidden), nn.Linear(hidden, hidden)])
        self.gates = nn.Linear(hidden, outputs)
        self.paths = paths

    def forward(self, x, unit):
        h = x
        for layer in self.hidden:
            h = torch.relu(layer(h))
        gates = self.gates(h)
        mean = unit * ((gates[:, : self.paths] * x[:, : self.paths]).sum(1) + gates[:, self.paths])
        raw = gates[:, self.paths + 1]
        deviation = unit * torch.exp(raw.clamp(-3, 1.5))
        pull = torch.sigmoid(gates[:, -1]) if gates.shape[1] > self.paths + 2 else torch.zeros(len(x))
        return mean, deviation, pull, raw


def loss_of(outputs, pairs, preprocessed):
    mean, deviation, pull, _ = outputs
    target = pairs["target"]
    likelihood = (((mean - target) / deviation) ** 2 / 2 + torch.log(deviation)).mean()
    squared = ((mean - target) ** 2).mean()
    parts = {"negative log-likelihood": likelihood, "mse": squared}
    loss = likelihood + squared
    if preprocessed:
        nodes, weights = torch.tensor(NODES), torch.tensor(WEIGHTS)
        at, spread = pairs["by"] * mean + pairs["plus"], pairs["by"] * deviation
        expected = (torch.log1p(torch.relu(at[:, None] + spread[:, None] * nodes)) * weights).sum(1)
        predicted = (1 - pull) * expected + pull * pairs["level"]
        truth = torch.log1p(torch.relu(pairs["by"] * target + pairs["plus"]))
        parts["squared error of log1p"] = ((predicted - truth) ** 2).mean()
        loss = loss + 40 / 3 * parts["squared error of log1p"]
    return loss, {name: value.item() for name, value in parts.items()}


def rate(step, steps):
    return 3e-3 * min(1, (step + 1) / 30) * (0.02 + 0.98 * (1 + np.cos(np.pi * step / steps)) / 2)


def train_network(objective, random):
    count, paths, statistics, hidden, steps = 40, 7, 5, 6, 5
    preprocessed = objective == "preprocessed"
    grid = lambda *shape: on_grid(random.normal(size=shape), 6)
    pairs = {
        "inputs": grid(count, paths + statistics),
        "unit": 0.5 + np.abs(grid(count)) / 2,
        "by": 0.75 + np.abs(grid(count)) / 4,
        "plus": grid(count) / 8,
        "level": np.abs(grid(count)) / 4,
        "target": grid(count),
    }
    tensors = {name: torch.tensor(values) for name, values in pairs.items()}
    network = Network(paths + statistics, hidden, paths, paths + (3 if preprocessed else 2))
    torch.manual_seed(7)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.round(torch.randn_like(parameter) * 256) / 512)
        network.gates.weight[paths + 1] *= 4  # some log deviations lie beyond either end of the clamp
        network.gates.bias[paths + 1] = -0.5
    named = lambda of: {name: numbers(of(value)) for name, value in network.named_parameters()}
    init = named(lambda value: value)
    outputs = network(tensors["inputs"], tensors["unit"])
    raw = outputs[3]
    assert 0 < (raw < -3).sum() and 0 < (raw > 1.5).sum(), (raw.min(), raw.max())
    loss, parts = loss_of(outputs, tensors, preprocessed)
    loss.backward()
    gradients = named(lambda value: value.grad)
    network.zero_grad()
    optimizer = torch.optim.AdamW(network.parameters(), lr=1, weight_decay=1e-3)
    rates, trace = [rate(step, 300) for step in range(steps)], []
    for learning_rate in rates:
        optimizer.param_groups[0]["lr"] = learning_rate
        optimizer.zero_grad()
        loss, measured = loss_of(network(tensors["inputs"], tensors["unit"]), tensors, preprocessed)
        loss.backward()
        optimizer.step()
        trace.append(measured)
    return {
        "objective": objective,
        "paths": paths,
        "statistics": statistics,
        "hidden": hidden,
        "pairs": {name: values.tolist() for name, values in pairs.items()},
        "init": init,
        "first": {
            "mean": numbers(outputs[0]),
            "deviation": numbers(outputs[1]),
            "pull": numbers(outputs[2]),
            "losses": parts,
            "gradients": gradients,
        },
        "rates": rates,
        "trace": trace,
        "after": named(lambda value: value),
    }


def expected_log1p():
    """By quadrature with many more nodes, where the eleven of the loss are close: far above 0."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(11)
    cases = [(0.0, 1.0), (-1.0, 0.5), (2.0, 0.25), (0.5, 2.0), (-3.0, 1.0)]
    value = lambda m, s: float((np.log1p(np.maximum(0, m + s * nodes)) * weights).sum() / weights.sum())
    return [{"mean": m, "deviation": s, "value": value(m, s)} for m, s in cases]


def pooled_stack():
    """Least squares with a penalty of 1 over the observed pairs of each modality, and each feature's deviation of errors."""
    random = np.random.default_rng(12)
    samples, features = 9, 7
    ranges = [[0, 4], [4, 7]]
    folds = [0, 1, 2] * 3  # of each sample; a fold has units of its own
    units = on_grid(0.5 + random.random((3, features)), 7)
    values = on_grid(np.clip(random.normal(size=(samples, features, 7)), -4, 4), 7)
    observed = random.random((samples, features)) < 0.8
    own = units[folds]  # [samples, features]
    truth = own * (values @ np.array([0.5, 0.25, 0.75, 0.0, 0.1, 0.6, -0.2]) + 0.125)
    targets = on_grid(truth + 0.5 * random.normal(size=truth.shape), 7)
    expected = []
    for start, end in ranges:
        rows = [(i, j) for i in range(samples) for j in range(start, end) if observed[i, j]]
        design = np.array([[*values[i, j], 1.0] for i, j in rows])
        target = np.array([targets[i, j] / own[i, j] for i, j in rows])
        weights = np.linalg.solve(design.T @ design + np.eye(8), design.T @ target)
        errors = [(j, (targets[i, j] - own[i, j] * (design[at] @ weights)) ** 2) for at, (i, j) in enumerate(rows)]
        pooled = np.mean([error for _, error in errors])
        deviations = []
        for j in range(start, end):
            mine = [error for at, error in errors if at == j]
            deviations.append(np.sqrt((sum(mine) + 4 * pooled) / (len(mine) + 4)))
        expected.append({"weights": weights.tolist(), "deviations": [float(value) for value in deviations]})
    return {
        "ranges": ranges,
        "folds": folds,
        "units": units.tolist(),
        "values": values.tolist(),
        "targets": [[float(t) if seen else None for t, seen in zip(*row)] for row in zip(targets, observed)],
        "expected": expected,
    }


def main():
    random = np.random.default_rng(11)
    tables, names, patients = simulate(random)
    train = np.array([i for i in range(26) if i not in (5, 12, 19, 25)])
    new = np.array([5, 12, 19, 25])
    order = list(dict.fromkeys(patients[i] for i in train))
    folds = [[i for i, row in enumerate(train) if order.index(patients[row]) % 5 == k] for k in range(5)]
    plain = lambda table: [[None if np.isnan(v) else v for v in row] for row in table.tolist()]
    golden = {
        "tables": [plain(table) for table in tables],
        "names": names,
        "patients": patients,
        "train": train.tolist(),
        "new": new.tolist(),
        "folds": folds,
        "expected": fit_and_follow(tables, names, train, new, [np.array(fold) for fold in folds]),
        "networks": [train_network(objective, random) for objective in ("standardized", "preprocessed")],
        "expected_log1p": expected_log1p(),
        "stack": pooled_stack(),
    }
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else __file__).resolve()
    folder = folder if folder.is_dir() else folder.parent
    (folder / "shared_decoder.json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
