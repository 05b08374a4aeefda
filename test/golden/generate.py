"""Writes the golden numbers that the library must reproduce, one JSON file a function.

    python3 -m venv .venv-golden
    .venv-golden/bin/pip install -r test/golden/requirements.txt
    .venv-golden/bin/python test/golden/generate.py            # writes beside this script
    .venv-golden/bin/python test/golden/generate.py elsewhere  # writes into another folder

Everything is seeded and runs on one thread: a second run writes the same bytes. Inputs are multiples of
powers of two that float32 holds exactly, so that a difference is the algorithm's and not the input's.
"""

import json
import os
import sys
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np
import scipy
import sklearn
import torch
from scipy import stats
from sklearn.decomposition import PCA
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import Matern, WhiteKernel
from sklearn.linear_model import LogisticRegression
from sklearn.manifold import trustworthiness
from sklearn.metrics import accuracy_score, balanced_accuracy_score, confusion_matrix, f1_score, roc_auc_score
from sklearn.model_selection import StratifiedKFold, train_test_split
from sklearn.preprocessing import StandardScaler
from torch import nn


def on_grid(values, bits=10):
    """Rounds to multiples of 2^-bits: exact in float32, and short as text."""
    return np.round(np.asarray(values, dtype=np.float64) * 2.0**bits) / 2.0**bits


def numbers(array):
    """Nested lists for JSON: -0.0 becomes 0.0, NaN becomes null."""
    if isinstance(array, torch.Tensor):
        array = array.detach().numpy()
    array = np.asarray(array)
    if array.dtype.kind != "f":
        return array.tolist()
    return np.where(np.isnan(array), None, (array + 0.0).astype(object)).tolist()


def split():
    # 1,000 rows outlast one block of 624 words of the Mersenne twister; the last seed is the largest.
    cases = [(4, 3), (7, 0), (10, 42), (40, 2**31), (115, 1), (115, 4294967295), (220, 42), (1000, 7)]

    def one(n, seed):
        train, held = train_test_split(np.arange(n), test_size=0.3, random_state=seed)
        validation, test = train_test_split(held, test_size=0.5, random_state=seed)
        return {
            "n": n,
            "random_state": seed,
            "train": numbers(train),
            "validation": numbers(validation),
            "test": numbers(test),
            "permutation": numbers(np.random.RandomState(seed).permutation(n)),
        }

    note = (
        "train_test_split of arange(n): 30 % held out, the held rows halved with the same random_state. "
        "permutation: numpy.random.RandomState(random_state).permutation(n)"
    )
    return {"note": note, "cases": [one(n, seed) for n, seed in cases]}


def preprocess():
    # With 104 training rows the 99th percentile lies below the largest value, so one outlier is cut off whole.
    rows, columns, train_rows = 116, 14, 104
    random = np.random.default_rng(20240611)
    order = random.permutation(rows)
    train, rest = np.sort(order[:train_rows]), np.sort(order[train_rows:])
    x = on_grid(random.lognormal(0.3, 0.9, (rows, columns)), 8)
    missing = random.random((rows, columns)) < 0.12
    x[:, 1] = on_grid(random.normal(-40, 12, rows), 8)  # negative throughout
    x[:, 2] = -3.375  # constant and complete
    missing[:, 2] = False
    x[train, 3] = 0.1999969482421875  # constant where trained, not a sum that rounds well
    missing[:, 4] = True  # never measured
    missing[train, 5] = True  # measured in held-out rows alone
    x[:, 6] = 0.0  # zeros that were measured
    x[train[[5, 60]], 7] = [2.0**70, -(2.0**66)]  # outliers at both ends
    missing[train[[5, 60]], 7] = False
    x[:, 8] = 7.5  # constant but for one row, which clamping removes
    x[train[17], 8] = 900.0
    missing[train[17], 8] = False
    x[:, 9] = 1000 + random.integers(0, 8, rows) / 2.0**14  # variance tiny beside the mean
    missing[:, 10] = random.random(rows) < 0.85  # mostly the median
    missing[train, 11] = True  # measured once where trained
    missing[train[31], 11] = False
    x[:, 12] = random.choice([-1.5, 0.0, 0.0, 0.0, 2.25], rows)  # many ties, mostly zero
    x[rest[:4], 13] = [-5000.0, 5000.0, 2.0**40, 0.0]  # held-out rows far outside the training range
    missing[rest[:4], 13] = False
    measured = np.where(missing, np.nan, x)

    seen = measured[train]
    median = np.array([np.median(c[~np.isnan(c)]) if (~np.isnan(c)).any() else 0.0 for c in seen.T])
    imputed = np.where(missing, median, x)
    low, high = np.percentile(imputed[train], [1, 99], axis=0)
    winsorized = np.clip(imputed, low, high)
    fitted = winsorized[train]
    constant = (fitted == fitted[0]).all(axis=0)
    mean, std = fitted.mean(axis=0), np.where(constant, 0.0, fitted.std(axis=0))
    z = np.where(constant, 0.0, (winsorized - mean) / np.where(constant, 1.0, std))
    return {
        "note": "Statistics of the rows 'train' alone. null was not measured. Stages: 'imputed' puts the median of "
        "the measured training values (0 if there is none); 'winsorized' clamps to the 1st and 99th percentile of "
        "the imputed training rows (linear); 'z' uses 'mean' and population 'std' of the winsorized training rows, "
        "and is 0 in a column that is constant there; 'output' is log1p(max(z, 0))",
        "input": numbers(measured),
        "train": numbers(train),
        "rest": numbers(rest),
        "observed": numbers((~missing).astype(int)),
        "median": numbers(median),
        "low": numbers(low),
        "high": numbers(high),
        "mean": numbers(mean),
        "std": numbers(std),
        "imputed": numbers(imputed),
        "winsorized": numbers(winsorized),
        "z": numbers(z),
        "output": numbers(np.log1p(np.maximum(z, 0))),
    }


def pca():
    random = np.random.default_rng(5)
    n, p = 14, 33
    factors = random.normal(size=(n + 4, 6)) * [9, 6, 4, 2.5, 1.5, 1]
    x = factors @ random.normal(size=(6, p)) + random.normal(0, 0.6, (n + 4, p)) + random.normal(2, 3, p)
    x[:, 11] = 4.0  # constant
    x[:, 20] = x[:, 19]  # a column twice
    x = on_grid(x)
    train, new = x[:n], x[n:]

    def fit(k):
        model = PCA(n_components=k, svd_solver="full").fit(train)
        scores = model.transform(train)
        return {
            "n_components": k,
            "explained_variance": numbers(model.explained_variance_),
            "explained_variance_ratio": numbers(model.explained_variance_ratio_),
            "mean": numbers(model.mean_),
            "scores_abs": numbers(np.abs(scores)),
            "reconstructed_train": numbers(model.inverse_transform(scores)),
            "reconstructed_new": numbers(model.inverse_transform(model.transform(new))),
        }

    note = (
        "sklearn.decomposition.PCA with the full SVD; 14 rows of 33 columns, one constant and one twice. Components "
        "may point either way, hence absolute scores. n_components stays below 14: centered rows span 13 dimensions"
    )
    # 13 components span all that the rows say: training rows come back, new ones do not.
    return {"note": note, "train": numbers(train), "new": numbers(new), "fits": [fit(k) for k in (1, 5, 13)]}


class Autoencoder(nn.Module):
    def __init__(self, features, width, hidden_layers):
        super().__init__()
        self.inp_lin = nn.Linear(features, width)
        self.encoder_layers = nn.ModuleList(nn.Linear(width, width) for _ in range(hidden_layers))
        self.out_lin = nn.Linear(width, features)

    def encode(self, x):
        h = torch.relu(self.inp_lin(x))
        for layer in self.encoder_layers:
            h = torch.relu(layer(h))
        return h

    def forward(self, x):
        return nn.functional.softplus(self.out_lin(self.encode(x)))


def train_autoencoder(x, observed, masked, keep, weight_decay, lr, seed, dtype=torch.float64):
    """Twenty full-batch steps; `dtype` lets a reader see what single precision alone changes."""
    torch.manual_seed(seed)
    model = Autoencoder(x.shape[1], 9, 3).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.round(parameter * 4096) / 4096)
    model = model.to(dtype)
    target, mask = torch.tensor(x, dtype=dtype), torch.tensor(observed) == 1
    seen = target.clone()
    if masked:
        seen[:, keep:] = 0
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=weight_decay)

    def weights():
        return {name: numbers(value) for name, value in model.state_dict().items()}

    init, trace, first = weights(), [], None
    for _ in range(20):
        output = model(seen)
        huber = nn.functional.huber_loss(output[mask], target[mask], delta=1.0)
        optimizer.zero_grad()
        huber.backward()
        if first is None:
            first = {
                "output": numbers(output),
                "latent": numbers(model.encode(seen)),
                "huber": huber.item(),
                "mse": nn.functional.mse_loss(output[mask], target[mask]).item(),
                "grad": {name: numbers(value.grad) for name, value in model.named_parameters()},
            }
        trace.append(huber.item())
        optimizer.step()
        if len(trace) == 1:
            first["after_step_1"] = weights()
    return {
        "masked": masked,
        "keep": keep,
        "weight_decay": weight_decay,
        "lr": lr,
        "init": init,
        "first": first,
        "huber_trace": trace,
        "after_step_20": weights(),
    }


def training_batch():
    """Thirteen preprocessed rows of 29 features: half of the entries exact zeros, a fifth not observed."""
    random = np.random.default_rng(77)
    x = on_grid(np.log1p(np.maximum(random.normal(0, 1.6, (13, 29)), 0)), 12)
    x[2] = on_grid(x[2] * 3)  # errors beyond 1, where Huber's loss is linear
    observed = (random.random((13, 29)) > 0.2).astype(float)
    observed[:, 6] = 0  # a feature that no row has
    observed[9, 3:] = 0  # a row with almost nothing
    return x, observed


def training():
    x, observed = training_batch()
    # Adam's first step is the sign of a gradient, which rounding decides where the gradient is near 1e-8.
    # With these seeds the same model in float32 stays within 2e-6 of every weight's scale after that step.
    settings = [(False, 17, 0.0, 0.01, 2), (False, 17, 0.1, 0.003, 4), (True, 17, 0.1, 0.01, 3)]
    note = (
        "PyTorch in float64; weights (out, in) as torch.nn.Linear stores them. Losses are means over observed entries. "
        "AdamW with betas .9, .999 and eps 1e-8. masked: the model reads zeros in columns keep and beyond, its target "
        "is whole. huber_trace[i] is the loss before step i + 1. plateau: lr after ReduceLROnPlateau(factor=.1, "
        "patience=10) has been given metric[i]"
    )
    return {
        "note": note,
        "x": numbers(x),
        "observed": numbers(observed),
        "runs": [train_autoencoder(x, observed, *setting) for setting in settings],
        "plateau": plateau(),
    }


def plateau():
    random = np.random.default_rng(11)
    falling = 2.0 * np.exp(-np.arange(70) / 18) + 0.2 + np.abs(random.normal(0, 0.08, 70))
    # Improvements smaller than one in ten thousand do not count; then a jump, a relief on the last patient value,
    # and flat stretches down to where a smaller rate would differ by less than 1e-8.
    creeping = 0.19 * (1 - 4e-5) ** np.arange(30)
    jump = np.full(8, 5.0)
    late = np.concatenate([np.full(10, 0.25), [0.15], np.full(11, 0.15)])
    flat = np.concatenate([np.full(45, 0.15), [0.1], np.full(30, 0.1)])
    metric = np.concatenate([falling, creeping, jump, late, flat])
    initial = 0.01
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=initial)
    schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.1, patience=10)
    rates = []
    for value in metric.tolist():
        schedule.step(value)
        rates.append(optimizer.param_groups[0]["lr"])
    return {"metric": numbers(metric), "lr": rates, "initial": initial}


def classify():
    random = np.random.default_rng(303)
    labels = np.repeat([0, 1, 2], [31, 16, 7])
    random.shuffle(labels)
    centers = random.normal(0, 1.1, (3, 5))
    x = on_grid(centers[labels] + random.normal(size=(len(labels), 5)) * [1, 1, 3, 0.2, 1] + [0, 5, -20, 0, 0])
    x[:, 4] = 0.0  # a unit that never fires
    # Rows alike but for their label: their scores tie.
    for cls, other in ((0, 1), (1, 2), (0, 2), (0, 1)):
        a, b = random.choice(np.flatnonzero(labels == cls)), random.choice(np.flatnonzero(labels == other))
        x[a] = x[b]
    standardised = StandardScaler().fit_transform(x)
    unique, back = np.unique(standardised, axis=0, return_inverse=True)

    def fit(target):
        return LogisticRegression(C=1.0, solver="newton-cholesky", tol=1e-13, max_iter=1000).fit(standardised, target)

    model = fit(labels)
    probabilities = model.predict_proba(unique)[back]  # through the unique rows, so that ties are exact
    predictions = probabilities.argmax(axis=1)
    two = (labels > 0).astype(int)
    binary = fit(two)
    folds = StratifiedKFold(n_splits=4, shuffle=True, random_state=9).split(standardised, labels)
    return {
        "note": "StandardScaler (population deviation; a constant column becomes 0), then LogisticRegression with C=1 "
        "and a free intercept: multinomial over three classes, and binary for label > 0. Predictions, scores and "
        "roc_auc are those of the training rows, some of which are alike but for the label. folds: the test rows of "
        "one stratified partition among many",
        "embeddings": numbers(x),
        "labels": numbers(labels),
        "standardised": numbers(standardised),
        "coef": numbers(model.coef_),
        "intercept": numbers(model.intercept_),
        "probabilities": numbers(probabilities),
        "predictions": numbers(predictions),
        "confusion": numbers(confusion_matrix(labels, predictions)),
        "accuracy": float(accuracy_score(labels, predictions)),
        "balanced_accuracy": float(balanced_accuracy_score(labels, predictions)),
        "macro_f1": float(f1_score(labels, predictions, average="macro")),
        "binary": {
            "labels": numbers(two),
            "coef": numbers(binary.coef_),
            "intercept": numbers(binary.intercept_),
            "roc_auc": float(roc_auc_score(two, binary.decision_function(unique)[back])),
        },
        "folds": [numbers(test) for _, test in folds],
    }


def statistics():
    random = np.random.default_rng(1918)
    a = on_grid(random.normal(3, 2, 37))
    b = on_grid(-0.6 * a + random.normal(0, 1.5, 37))
    a[[4, 9, 21, 30]] = a[2]  # ties within a
    a[[5, 6]] = a[7]
    b[[1, 4, 9]] = b[2]  # ties within b, some in the same places
    high = on_grid(random.normal(size=(46, 8)) * [3, 2, 2, 1, 1, 1, 0.5, 0.5])
    low = on_grid(high[:, :2] + random.normal(0, 0.7, (46, 2)))

    def wilson(k, n):
        interval = stats.binomtest(k, n).proportion_ci(0.95, method="wilson")
        return {"k": k, "n": n, "ci": [float(interval.low), float(interval.high)]}

    cases = [(0, 1), (1, 1), (0, 29), (1, 29), (14, 29), (28, 29), (17, 17), (58, 115), (3, 1000), (99999, 100000)]
    return {
        "note": "scipy.stats.pearsonr and spearmanr (a and b have ties); binomtest(k, n).proportion_ci(0.95, 'wilson'); "
        "sklearn.manifold.trustworthiness with n_neighbors=5, Euclidean",
        "a": numbers(a),
        "b": numbers(b),
        "pearson": float(stats.pearsonr(a, b).statistic),
        "spearman": float(stats.spearmanr(a, b).statistic),
        "wilson95": [wilson(k, n) for k, n in cases],
        "trustworthiness": {
            "high": numbers(high),
            "low": numbers(low),
            "k5": float(trustworthiness(high, low, n_neighbors=5)),
        },
    }


def gaussian_process():
    random = np.random.default_rng(77)
    places = on_grid(random.uniform(size=(24, 4)))
    places[:, 3] = places[:, 3] > 0.5  # a boolean
    places[5] = places[2]  # measured twice, with two values
    values = on_grid(np.sin(5 * places[:, 0]) + places[:, 1] ** 2 - places[:, 3] + random.normal(0, 0.1, 24))
    targets = np.concatenate([on_grid(random.uniform(size=(9, 4))), places[:2]])

    def fit(lengths, noise):
        kernel = Matern(length_scale=lengths, nu=2.5) + WhiteKernel(noise)
        model = GaussianProcessRegressor(kernel, alpha=1e-9, optimizer=None).fit(places, values)
        mean, deviation = model.predict(targets, return_std=True)
        # scikit-learn's deviation is a new measurement's; without the noise it is the value's.
        return {
            "lengths": lengths,
            "noise": noise,
            "log_likelihood": float(model.log_marginal_likelihood_value_),
            "mean": numbers(mean),
            "deviation": numbers(np.sqrt(deviation**2 - noise)),
        }

    return {
        "note": "GaussianProcessRegressor with Matern(nu=2.5) + WhiteKernel and alpha=1e-9, nothing optimized; "
        "expected improvement below best by scipy.stats.norm at mean and deviation",
        "places": numbers(places),
        "values": numbers(values),
        "targets": numbers(targets),
        "fits": [fit([0.5, 0.8, 2.0, 1.5], 0.02), fit([0.2, 3.0, 0.4, 0.7], 0.2)],
        "improvement": [
            {
                "mean": mean,
                "deviation": deviation,
                "best": best,
                "expected": float((best - mean) * stats.norm.cdf((best - mean) / deviation)
                                  + deviation * stats.norm.pdf((best - mean) / deviation)),
            }
            for mean, deviation, best in [(0, 1, 0), (1, 0.5, 0), (-2, 0.3, 1), (0.25, 2, -1), (0.5, 0.25, 0.125)]
        ],
    }


def versions():
    return {
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "sklearn": sklearn.__version__,
        "torch": torch.__version__,
    }


def main():
    torch.set_num_threads(1)
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    folder.mkdir(parents=True, exist_ok=True)
    for make in (split, preprocess, pca, training, classify, statistics, gaussian_process, versions):
        text = json.dumps(make(), separators=(",", ":"), allow_nan=False) + "\n"
        (folder / f"{make.__name__}.json").write_text(text)
        print(f"{make.__name__}.json: {len(text) / 1000:.1f} kB")


if __name__ == "__main__":
    main()
