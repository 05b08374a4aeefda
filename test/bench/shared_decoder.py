"""The shared decoder as a careful user of NumPy and PyTorch would write it: float32, whole matrices, no loop over features.

The same work as lib/impute: eight folds whose scales and paths are fitted without their samples, four networks on batches
of 8,192 pairs, out-of-fold predictions of the training samples, and predictions of the others.
"""

import math

import numpy as np
import torch
from torch import nn

LIGHT, STRONG = 0.4, 2.0
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(11)
NODES = torch.tensor(NODES, dtype=torch.float32)
WEIGHTS = torch.tensor(WEIGHTS / WEIGHTS.sum(), dtype=torch.float32)
START = [0.4, 0.5, 0.7, 0, 0, 0.7, 0, 0, -0.1, -3]


def scale(table, rows):
    """Median fill, percentiles, mean and deviation of the training rows."""
    train = table[rows]
    median = np.nan_to_num(np.nanmedian(train, axis=0))
    filled = np.where(np.isnan(train), median, train)
    low, high = np.percentile(filled, [1, 99], axis=0).astype(np.float32)
    filled = np.clip(filled, low, high)
    std = np.where(low == high, 0, filled.std(axis=0))
    return median, low, high, filled.mean(axis=0), std


def smoother(kernel, train, rows, shrinkage):
    """Ridge weights of training samples for others, centered on the training samples; rows sum to 1."""
    within = kernel[np.ix_(train, train)]
    mean = within.mean(axis=0)
    among = within - mean - mean[:, None] + mean.mean()
    across = kernel[np.ix_(rows, train)]
    across = across - mean - across.mean(axis=1, keepdims=True) + mean.mean()
    weights = np.linalg.solve(among + shrinkage * np.eye(len(train)), across.T).T
    return (weights + (1 - weights.sum(axis=1, keepdims=True)) / len(train)).astype(np.float32)


def fill(y, seen, weights):
    count = seen.sum(axis=0)
    filled = np.where(seen, y, y.sum(axis=0) / (count + 1))
    for _ in range(6):
        filled = np.where(seen, y, weights @ filled)
    return filled


def pearson(a, b, seen):
    count = np.maximum(seen.sum(axis=0), 1)
    a = (a - (a * seen).sum(axis=0) / count) * seen
    b = (b - (b * seen).sum(axis=0) / count) * seen
    return (a * b).sum(axis=0) / np.sqrt(np.maximum((a * a).sum(axis=0) * (b * b).sum(axis=0), 1e-9))


def paths(data, train, rows):
    """Paths fitted on training samples, followed for other rows; statistics and scales of the features."""
    rna, targets, partner, other, modality = data
    has, linked, own = partner >= 0, other >= 0, np.maximum(partner, 0)
    median, low, high, mean, std = scale(rna, train)
    x = np.clip(np.where(np.isnan(rna), median, rna), low, high)
    x = np.where(std > 0, (x - mean) / np.where(std > 0, std, 1), 0).astype(np.float32)
    own_mean, own_std = [(v - v.mean()) / v.std() for v in (mean, std)]
    centered = x - x[train].mean(axis=0)
    kernel = (centered @ centered.T).astype(np.float64)
    kernel /= np.diag(kernel)[train].mean()
    x = np.where(has, x[:, own], 0)

    _, low, high, paper_mean, paper_std = scale(targets, train)
    clamped = np.clip(targets, low, high)
    seen = ~np.isnan(targets[train])
    count = seen.sum(axis=0)
    center = np.nan_to_num(np.nanmean(clamped[train], axis=0))
    spread = np.where((count >= 10) & (low < high), np.nanstd(clamped[train], axis=0), 0)
    safe = np.where(spread > 0, spread, 1)
    z = np.where(spread > 0, (clamped - center) / safe, np.nan).astype(np.float32)
    divisor = np.where(paper_std > 0, paper_std, np.inf)
    by, plus = spread / divisor, (center - paper_mean) / divisor
    level = np.nan_to_num(np.log1p(np.maximum(0, (clamped[train] - paper_mean) / divisor)) * seen).sum(axis=0) / (count + 1)
    seen &= spread > 0
    count = seen.sum(axis=0)
    safe_count = np.maximum(count, 1)
    y = np.nan_to_num(z[train]) * seen

    n = len(train)
    ridge = np.zeros_like(y)
    fold_of = np.random.RandomState(7).permutation(n) % 5
    for fold in range(5):
        kept, held = train[fold_of != fold], train[fold_of == fold]
        inside = smoother(kernel, kept, kept, STRONG)
        inner = fold_of != fold
        ridge[~inner] = smoother(kernel, kept, held, STRONG) @ fill(y[inner], seen[inner], inside)
    error = (y - ridge) * seen
    offset = error.sum(axis=0) / safe_count
    xt = x[train]
    x_mean = (xt * seen).sum(axis=0) / safe_count
    dx, de = (xt - x_mean) * seen, (error - offset) * seen
    squares, products, total = (dx * dx).sum(axis=0), (dx * de).sum(axis=0), (de * de).sum(axis=0)
    against = squares + xt.var(axis=0)
    slope = np.where(against > 0, products / np.where(against > 0, against, 1), 0)
    variance = np.maximum(total - slope * products, 1e-6) / np.maximum(count - 2, 1)
    t = np.where(count > 4, slope / np.maximum(np.sqrt(variance / np.maximum(against, 1e-6)), 1e-6), 0)
    reliability = np.maximum(1 - 1 / np.maximum(t * t, 1e-6), 0)
    others = against - dx * dx
    alone = np.where(others > 1e-6, (products - dx * de) / np.where(others > 1e-6, others, 1), 0) * dx
    rest = ((de - alone * reliability) * seen).astype(np.float32)
    unit = np.sqrt((total + 4 * total.sum() / count.sum()) / (count + 4)).astype(np.float32)
    light = smoother(kernel, train, train, LIGHT)
    strong = smoother(kernel, train, train, STRONG)
    mixing = light - np.float32(1 / n)
    leverage = np.diag(mixing)[:, None]
    without = (mixing @ rest - leverage * rest) / np.maximum(1 - leverage, 0.05)

    to_light, to_strong = smoother(kernel, train, rows, LIGHT), smoother(kernel, train, rows, STRONG)
    cis = slope * (x[rows] - x_mean) * has
    found = np.empty((len(rows), len(unit), 7), np.float32)
    found[..., 0] = to_light @ fill(y, seen, light) / unit
    found[..., 1] = to_strong @ fill(y, seen, strong) / unit
    found[..., 2] = cis / unit
    found[..., 3] = x[rows]
    found[..., 4] = (cis * reliability / unit)[:, np.maximum(other, 0)] * linked
    found[..., 5] = offset * count / (count + 3) / unit
    found[..., 6] = (to_light - np.float32(1 / n)) @ rest / unit
    np.clip(found, -4, 4, out=found)
    score = np.tanh(t / 4)
    limit = lambda value: np.log1p(np.where(spread > 0, np.abs(value - center) / safe, 0)) - 1
    statistics = [np.log(unit), score, pearson(y, ridge, seen), pearson(error, alone, seen), pearson(rest, without, seen)]
    statistics += [1 - count / n, own_mean[own] * has, own_std[own] / 2 * has, has, linked]
    statistics += [score[np.maximum(other, 0)] * linked, np.log1p(count) - np.log1p(n), limit(high), limit(low)]
    statistics += [level - 0.35, modality]
    system = np.linalg.inv(kernel[np.ix_(train, train)] + LIGHT * np.eye(n))
    across, itself = kernel[np.ix_(rows, train)], np.diag(kernel)[rows]
    novelty = 1 - ((across @ system) * across).sum(axis=1) / itself
    return {
        "paths": found,
        "statistics": np.stack(statistics, axis=1).astype(np.float32),
        "samples": np.stack([novelty, np.log(itself)], axis=1).astype(np.float32),
        "scales": np.stack([unit, by, plus, level], axis=1).astype(np.float32),
        "z": z,
        "measured": (center, spread),
        "paper": (paper_mean, divisor),
    }


class Network(nn.Module):
    def __init__(self, inputs):
        super().__init__()
        self.hidden = nn.Sequential(nn.Linear(inputs, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU())
        self.gates = nn.Linear(32, 10)
        nn.init.zeros_(self.gates.weight)
        with torch.no_grad():
            self.gates.bias.copy_(torch.tensor(START))

    def forward(self, x, unit):
        gates = self.gates(self.hidden(x))
        mean = unit * ((gates[:, :7] * x[:, :7]).sum(1) + gates[:, 7])
        return mean, unit * torch.exp(gates[:, 8].clamp(-3, 1.5)), torch.sigmoid(gates[:, 9])


def in_paper_space(mean, deviation, pull, level):
    expected = torch.log1p(torch.relu(mean[:, None] + deviation[:, None] * NODES)) @ WEIGHTS
    return (1 - pull) * expected + pull * level


def train_network(described, fold_of, sample, feature, targets, seed):
    torch.manual_seed(seed)
    random = np.random.RandomState(seed)
    values, samples = described["paths"], described["samples"]
    network = Network(values.shape[2] + described["statistics"].shape[2] + 2)
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3, weight_decay=1e-3)
    count, size = len(targets), min(8192, len(targets))
    steps = round(min(np.clip(15 * count / 8192, 60, 300), 20 * count / size))
    at = count
    for step in range(steps):
        rate = 3e-3 * min(1, (step + 1) / 30) * (0.02 + 0.98 * (1 + math.cos(math.pi * step / steps)) / 2)
        optimizer.param_groups[0]["lr"] = rate
        if at + size > count:
            order, at = random.permutation(count), 0
        batch = order[at : at + size]
        at += size
        i, j = sample[batch], feature[batch]
        inputs = np.concatenate([values[i, j], described["statistics"][fold_of[i], j], samples[i]], axis=1)
        unit, by, plus, level = torch.from_numpy(described["scales"][fold_of[i], j]).T
        target = torch.from_numpy(targets[batch])
        mean, deviation, pull = network(torch.from_numpy(inputs), unit)
        loss = (((mean - target) / deviation) ** 2 / 2 + torch.log(deviation) + (mean - target) ** 2).mean()
        predicted = in_paper_space(by * mean + plus, by * deviation, pull, level)
        loss = loss + 4 * ((predicted - torch.log1p(torch.relu(by * target + plus))) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return network


@torch.no_grad()
def infer(networks, values, statistics, samples, scales, measured, paper, level):
    """Mean and deviation in measured units, and the mean in the paper's space, `[rows, features]` each."""
    center, spread = (torch.from_numpy(v.astype(np.float32)) for v in measured)
    paper_mean, divisor = (torch.from_numpy(v.astype(np.float32)) for v in paper)
    level = torch.from_numpy(level)
    out = np.zeros((3, *values.shape[:2]), np.float32)
    for i in range(len(values)):
        fixed = np.concatenate([statistics, np.broadcast_to(samples[i], (len(statistics), 2))], axis=1)
        inputs = torch.from_numpy(np.concatenate([values[i], fixed], axis=1))
        for network in networks:
            mean, deviation, pull = network(inputs, torch.from_numpy(scales[:, 0].copy()))
            mean, deviation = center + spread * mean, spread * deviation
            log = in_paper_space((mean - paper_mean) / divisor, deviation / divisor, pull, level)
            out[:, i] += np.stack([mean, deviation, log]) / len(networks)
    return out


def fit_and_infer(data, train, rows):
    """The whole model: what the networks say of the training samples out of fold, and of the others."""
    fold_of = np.random.RandomState(11).permutation(len(train)) % 8
    whole = paths(data, train, rows)
    parts = [paths(data, train[fold_of != f], train[fold_of == f]) for f in range(8)]
    features = whole["paths"].shape[1]
    described = {
        "paths": np.empty((len(train), features, 7), np.float32),
        "samples": np.empty((len(train), 2), np.float32),
        "statistics": np.stack([part["statistics"] for part in parts]),
        "scales": np.stack([part["scales"] for part in parts]),
    }
    z = np.empty((len(train), features), np.float32)
    for f, part in enumerate(parts):
        for name in ("paths", "samples"):
            described[name][fold_of == f] = part[name]
        z[fold_of == f] = part["z"][train[fold_of == f]]
    sample, feature = np.nonzero(~np.isnan(z))
    level = whole["scales"][:, 3].copy()
    networks, out_of_fold = [], np.empty((3, len(train), features), np.float32)
    for k in range(4):
        kept = fold_of[sample] % 4 != k
        i, j = sample[kept], feature[kept]
        networks.append(train_network(described, fold_of, i, j, z[i, j], k))
        for f in (k, k + 4):
            own, part = fold_of == f, parts[f]
            given = part["statistics"], part["samples"], part["scales"], part["measured"], whole["paper"], level
            out_of_fold[:, own] = infer(networks[-1:], part["paths"], *given)
    given = whole["statistics"], whole["samples"], whole["scales"], whole["measured"], whole["paper"], level
    return out_of_fold, infer(networks, whole["paths"], *given)
