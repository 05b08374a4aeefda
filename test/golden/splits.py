"""Scores of split predictions, corrected intervals and Holm's adjustment from NumPy and SciPy. Writes splits.json."""
import json
import pathlib

import numpy as np
from scipy import stats

rng = np.random.default_rng(7)
rows, columns = 14, 6
truth = np.round(np.log1p(np.maximum(0, rng.normal(size=(rows, columns)))), 4).astype(np.float32)
guess = np.round(truth * 0.5 + 0.2 * rng.random((rows, columns)), 4).astype(np.float32)
observed = rng.random((rows, columns)) > 0.15
measured = np.array([1, 1, 1, 1, 0, 1], bool)  # column 4 was measured in no training row
train = np.round(np.log1p(np.maximum(0, rng.normal(size=(20, columns)))), 4).astype(np.float32)


def scores(start, end):
    t, p, o = (x[:, start:end].astype(float) for x in (truth, guess, observed & measured))
    base = train[:, start:end].astype(float).mean(0)
    mask, e = o == 1, np.abs(t - p)
    huber = np.where(e <= 1, e**2 / 2, e - 0.5)
    r, tv, pv = [], 0.0, 0.0
    for j in range(t.shape[1]):
        k = mask[:, j]
        if not k.any():
            continue
        tv += ((t[k, j] - t[k, j].mean()) ** 2).sum()
        pv += ((p[k, j] - p[k, j].mean()) ** 2).sum()
        if k.sum() >= 10 and t[k, j].std() > 0 and p[k, j].std() > 0:
            r.append(stats.pearsonr(t[k, j], p[k, j])[0])
    mse = (e**2)[mask].mean()
    return {
        "observed": int(mask.sum()),
        "mse": mse,
        "huber": huber[mask].mean(),
        "skill": 1 - mse / ((t - base) ** 2)[mask].mean(),
        "r": float(np.median(r)),
        "varianceRatio": pv / tv,
    }


def interval(gaps, share):
    n = len(gaps)
    error = np.sqrt((1 / n + share) * gaps.var(ddof=1))
    margin = stats.t.ppf(0.975, n - 1) * error
    p = 2 * stats.t.sf(abs(gaps.mean() / error), n - 1)
    return {"difference": gaps.mean(), "low": gaps.mean() - margin, "high": gaps.mean() + margin, "p": p}


gaps = np.round(rng.normal(0.4, 1, (3, 20)), 4)
tails = [[t, f, 2 * stats.t.sf(t, f)] for t in (0.1, 1.5, 6.0) for f in (1, 2, 3, 4, 19, 30)]
p = np.array([0.01, 0.04, 0.03, 0.005, 0.6])
order = np.argsort(p)
adjusted = np.empty(5)
adjusted[order] = np.minimum(1, np.maximum.accumulate((5 - np.arange(5)) * p[order]))
out = {
    "rows": rows,
    "columns": columns,
    "truth": truth.ravel().tolist(),
    "guess": guess.ravel().tolist(),
    "observed": observed.ravel().astype(int).tolist(),
    "scores": scores(2, 6),
    "gaps": gaps.tolist(),
    "share": 18 / 80,
    "intervals": [interval(g, 18 / 80) for g in gaps],
    "measured": measured.astype(int).tolist(),
    "train": train.ravel().tolist(),
    "tails": tails,
    "p": p.tolist(),
    "adjusted": adjusted.tolist(),
}
(pathlib.Path(__file__).parent / "splits.json").write_text(json.dumps(out) + "\n")
