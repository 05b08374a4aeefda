"""The other side of the bench: the usual Python stack.  reference.py TASK FOLDER

It prepares a task, says so in a line of JSON, and then answers each line of its input: "run" with the milliseconds
that the work took, "peak" with the bytes that it ever held. Written as a careful user of these libraries would.
"""

import json
import os
import re
import resource
import sys
import time
import warnings

import numpy as np

LEARNING_RATE = 1e-5
DROPOUT = 0.1


def cores():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def floats(folder, shape, name, rows):
    return np.fromfile(os.path.join(folder, shape["name"], name), np.float32).reshape(rows, -1)


def step(folder, shape, fused=False, masked=False):
    """A training step: forward, Huber over observed entries, backward, AdamW."""
    import torch
    from torch import nn
    from torch.nn import functional

    torch.set_num_threads(cores())
    torch.manual_seed(1)
    features, width, layers = shape["features"], shape["width"], shape["hiddenLayers"]

    class Autoencoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.dropout = nn.Dropout(DROPOUT)
            self.inp_lin = nn.Linear(features, width)
            self.encoder_layers = nn.ModuleList(nn.Linear(width, width) for _ in range(layers))
            self.out_lin = nn.Linear(width, features)

        def forward(self, x):
            x = torch.relu(self.inp_lin(self.dropout(x)))
            for layer in self.encoder_layers:
                x = torch.relu(layer(x))
            return functional.softplus(self.out_lin(x))

    target = torch.from_numpy(floats(folder, shape, "batch.f32", shape["batch"]))
    observed = np.fromfile(os.path.join(folder, shape["name"], "batch.u8"), np.uint8)
    observed = torch.from_numpy(observed.astype(np.float32).reshape(target.shape))
    count = observed.sum()
    source = target
    if masked:
        source = target.clone()
        source[:, shape["rna"] :] = 0  # as the authors do
    model = Autoencoder()
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=LEARNING_RATE, weight_decay=0, **({"fused": True} if fused else {})
    )

    def run():
        optimizer.zero_grad(set_to_none=True)
        out = model(source)
        # Cheaper than picking the observed entries out, whose gradient must be put back one by one.
        losses = functional.huber_loss(out, target, reduction="none", delta=1.0)
        loss = (losses * observed).sum() / count
        loss.backward()
        optimizer.step()
        return loss.item()

    kind = "AdamW(fused=True)" if fused else "AdamW"
    return f"torch {torch.__version__}, {kind}, {cores()} threads", [run()], run


def medium(folder, shape):
    """The training rows with their mask."""
    import torch

    target = torch.from_numpy(floats(folder, shape, "batch.f32", shape["batch"]))
    observed = np.fromfile(os.path.join(folder, shape["name"], "batch.u8"), np.uint8)
    return target, torch.from_numpy(observed.astype(np.float32).reshape(target.shape))


def vae(folder, shape):
    """A step of a variational autoencoder: Huber over observed entries and the divergence, backward, AdamW."""
    import torch
    from torch import nn
    from torch.nn import functional

    torch.set_num_threads(cores())
    torch.manual_seed(1)
    given = shape["models"]["vae"]
    features, width, latent = shape["features"], given["width"], given["latent"]

    def stack(inputs, layers):
        sizes = [inputs] + [width] * (layers + 1)
        blocks = [(nn.Linear(*pair), nn.ReLU(), nn.Dropout(given["hiddenDropout"])) for pair in zip(sizes, sizes[1:])]
        return nn.Sequential(*[layer for block in blocks for layer in block])

    class Vae(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = stack(features, given["encoderLayers"])
            self.mean, self.log_variance = nn.Linear(width, latent), nn.Linear(width, latent)
            self.decoder = nn.Sequential(stack(latent, given["decoderLayers"]), nn.Linear(width, features), nn.Softplus())

        def forward(self, x):
            hidden = self.encoder(x)
            mean, log_variance = self.mean(hidden), self.log_variance(hidden).clamp(-10, 2)
            latent = mean + torch.exp(log_variance / 2) * torch.randn_like(mean)
            return self.decoder(latent), mean, log_variance

    target, observed = medium(folder, shape)
    count = observed.sum()
    model = Vae()
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=0)

    def run():
        optimizer.zero_grad(set_to_none=True)
        out, mean, log_variance = model(target)
        huber = (functional.huber_loss(out, target, reduction="none") * observed).sum() / count
        kl = -0.5 * torch.sum(1 + log_variance - mean**2 - torch.exp(log_variance))
        (huber + given["klWeight"] * kl / count).backward()
        optimizer.step()
        return huber.item()

    return f"torch {torch.__version__}, AdamW, {cores()} threads", [run()], run


def modis(folder, shape):
    """A step of MODIS's discriminator and one of its generators."""
    import torch
    from torch import nn
    from torch.nn import functional

    torch.set_num_threads(cores())
    torch.manual_seed(1)
    given = shape["models"]["modis"]
    latent, classes = given["latent"], given["classes"]

    def stack(sizes):
        blocks = [(nn.Linear(*pair), nn.BatchNorm1d(pair[1], eps=0.8), nn.LeakyReLU(0.2)) for pair in zip(sizes, sizes[1:-1])]
        return nn.Sequential(*[layer for block in blocks for layer in block], nn.Linear(*sizes[-2:]))

    class Vae(nn.Module):
        def __init__(self, features):
            super().__init__()
            sizes = [features] + [int(features * ratio) for ratio in given["ratios"]]
            self.encoder, self.decoder = stack(sizes), stack([latent] + sizes[::-1])
            self.mean, self.log_variance = nn.Linear(sizes[-1], latent), nn.Linear(sizes[-1], latent)

        def encode(self, x):
            hidden = self.encoder(x)
            mean, log_variance = self.mean(hidden), self.log_variance(hidden)
            return mean + torch.exp(log_variance / 2) * torch.randn_like(mean), mean, log_variance

    class Discriminator(nn.Module):
        def __init__(self, modalities):
            super().__init__()
            sizes = [latent, 1024, 512, 256]
            blocks = [(nn.Linear(*pair), nn.LeakyReLU(0.2)) for pair in zip(sizes, sizes[1:])]
            self.trunk = nn.Sequential(*[layer for block in blocks for layer in block])
            self.modality, self.label = nn.Linear(256, modalities), nn.Linear(256, classes)

        def forward(self, z):
            hidden = self.trunk(z)
            return hidden, self.modality(hidden), self.label(hidden)

    def divergence(assigned, kernel):
        overlap = assigned.T @ kernel @ assigned
        own = torch.diag(overlap)
        scale = torch.sqrt(torch.clamp(torch.outer(own, own), min=1e-9))
        return 2 / (classes * (classes - 1)) * torch.triu(overlap / scale, diagonal=1).sum()

    def clustering(hidden, logits):
        squared = ((hidden[:, None] - hidden[None]) ** 2).sum(-1)
        width = torch.clamp(0.15 * torch.median(squared), min=1e-9).detach()
        kernel = torch.exp(-squared / (2 * width))
        assigned = torch.softmax(logits, dim=1)
        corners = torch.exp(-((assigned[:, None] - torch.eye(classes)[None]) ** 2).sum(-1))
        mean = torch.clamp(assigned.mean(0), min=1e-9)
        return divergence(assigned, kernel) + divergence(corners, kernel) + (mean * torch.log(mean)).sum()

    def judge(latents, for_generators):
        total = [0, 0, 0]
        hidden, modality, label = (out.split(rows) for out in discriminator(torch.cat(latents)))
        for i in range(len(latents)):
            wrong = [j for j in range(len(latents)) if (j != i) == for_generators]
            logs = torch.log_softmax(modality[i], dim=1)
            total[0] = total[0] - logs[:, wrong].mean()
            total[1] = total[1] + functional.cross_entropy(label[i], known)
            total[2] = total[2] + clustering(hidden[i], label[i])
        return total

    target, observed = medium(folder, shape)
    rows = len(target)
    known = torch.arange(rows) % classes
    starts = [0, *given["ends"][:-1]]
    parts = [target[:, start:end].contiguous() for start, end in zip(starts, given["ends"])]
    masks = [observed[:, start:end].contiguous() for start, end in zip(starts, given["ends"])]
    counts = [mask.sum() for mask in masks]
    vaes = nn.ModuleList(Vae(part.shape[1]) for part in parts)
    discriminator = Discriminator(len(parts))
    adam = lambda model: torch.optim.Adam(model.parameters(), lr=LEARNING_RATE, betas=(0.5, 0.999))
    generators_adam, discriminator_adam = adam(vaes), adam(discriminator)

    def run():
        vaes.eval()
        with torch.no_grad():
            latents = [vae.encode(part)[0] for vae, part in zip(vaes, parts)]
        vaes.train()
        discriminator_adam.zero_grad(set_to_none=True)
        sum(judge(latents, False)).backward()
        discriminator_adam.step()
        for parameter in discriminator.parameters():
            parameter.requires_grad_(False)  # nobody asks for its gradients below
        generators_adam.zero_grad(set_to_none=True)
        encoded = [vae.encode(part) for vae, part in zip(vaes, parts)]
        adversarial, label, clusters = judge([latent for latent, _, _ in encoded], True)
        reconstruction = kl = 0
        for i, (z, mean, log_variance) in enumerate(encoded):
            apart = (vaes[i].decoder(z) - parts[i]) * masks[i]
            reconstruction = reconstruction + (apart**2).sum() / counts[i]
            kl = kl - 0.5 * torch.sum(1 + log_variance - mean**2 - torch.exp(log_variance))
        (adversarial + label + clusters + reconstruction + given["klWeight"] * kl).backward()
        generators_adam.step()
        for parameter in discriminator.parameters():
            parameter.requires_grad_(True)
        return [reconstruction.item(), adversarial.item(), label.item()]

    return f"torch {torch.__version__}, Adam, {cores()} threads", run(), run


def classifier(folder, shape):
    """Every fold of the embeddings, standardized, with the authors' settings."""
    import sklearn
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    given = shape["embeddings"]
    points = np.fromfile(os.path.join(folder, "embeddings.f32"), np.float32).reshape(given["samples"], -1)
    labels = np.fromfile(os.path.join(folder, "classes.u8"), np.uint8)
    fold = np.arange(len(points)) % given["folds"]

    def run():
        hits = 0
        for k in range(given["folds"]):
            train, test = fold != k, fold == k
            model = make_pipeline(StandardScaler(), MLPClassifier(random_state=42, max_iter=1000))
            model.fit(points[train], labels[train])
            hits += int((model.predict(points[test]) == labels[test]).sum())
        return hits / len(points)

    return f"scikit-learn {sklearn.__version__}, MLPClassifier, float32, {cores()} threads", [run()], run


def products(folder, shape):
    """The matrix products of a step, into memory that is there already."""
    import torch

    torch.set_num_threads(cores())
    rows, features, width = shape["batch"], shape["features"], shape["width"]
    inputs, target = torch.rand(width, features), torch.rand(features, width)
    hidden = [torch.rand(width, width) for _ in range(shape["hiddenLayers"])]
    columns, units = torch.rand(rows, features), torch.rand(rows, width)
    wide, narrow = torch.rand(rows, features), torch.rand(rows, width)
    large, small = torch.rand(features * width), torch.rand(width, width)

    def run():
        torch.mm(columns, inputs.t(), out=narrow)
        for weight in hidden:
            torch.mm(units, weight.t(), out=narrow)
        torch.mm(units, target.t(), out=wide)
        torch.mm(columns, target, out=narrow)
        torch.mm(columns.t(), units, out=large.view(features, width))
        for weight in hidden:
            torch.mm(units, weight, out=narrow)
            torch.mm(units.t(), units, out=small)
        torch.mm(units.t(), columns, out=large.view(width, features))

    return f"torch {torch.__version__}, torch.mm into given memory, {cores()} threads", [], run


def preprocess(folder, shape):
    """The authors' normalization; statistics of the training rows, applied to the three parts."""
    import scipy
    from scipy import stats

    raw = floats(folder, shape, "raw.f32", shape["samples"])
    batch = shape["batch"]
    middle = batch + (shape["samples"] - batch) // 2
    warnings.simplefilter("ignore")  # columns that are constant, or never observed

    def run():
        train, *held = raw[:batch], raw[batch:middle], raw[middle:]
        median = np.nan_to_num(np.nanmedian(train, axis=0))
        fill = lambda rows: np.where(np.isnan(rows), median, rows)
        train = fill(train)
        low, high = np.percentile(train, [1, 99], axis=0).astype(np.float32)
        train = np.clip(train, low, high)
        mean, std = train.mean(axis=0), train.std(axis=0)
        scores = [stats.zscore(train, axis=0)]
        scores += [(np.clip(fill(rows), low, high) - mean) / (std + np.float32(1e-8)) for rows in held]
        return [np.log1p(np.maximum(np.nan_to_num(rows), 0)) for rows in scores]

    answer = [float(rows.mean(dtype=np.float64)) for rows in run()]
    return f"numpy {np.__version__}, scipy {scipy.__version__}, float32", answer, run


def pca(folder, shape):
    """Principal components with the solver that scikit-learn takes by itself, which is the full SVD here."""
    import sklearn
    from sklearn.decomposition import PCA

    rows = floats(folder, shape, "batch.f32", shape["batch"])

    def run():
        fitted = PCA(n_components=len(rows))
        return fitted, fitted.fit_transform(rows)

    fitted, scores = run()
    answer = [float(fitted.explained_variance_[0]), float((scores.astype(float) ** 2).sum())]
    return f"scikit-learn {sklearn.__version__}, svd_solver full, float32", answer, run


def smoother(folder, shape):
    """Ridge regression as weights of the training rows, at each shrinkage: one decomposition for all of them."""
    raw = floats(folder, shape, "raw.f32", shape["samples"]).astype(np.float64)
    batch = shape["batch"]
    middle = batch + (shape["samples"] - batch) // 2
    train, held = raw[:batch], raw[batch:middle]

    def weights(lam, values, vectors, along):
        found = (along / (values + lam)) @ vectors.T
        return found + (1 - found.sum(axis=1, keepdims=True)) / batch

    def run():
        mean = train.mean(axis=0)
        centered = train - mean
        values, vectors = np.linalg.eigh(centered @ centered.T)
        along = (held - mean) @ centered.T @ vectors
        return [weights(lam, values, vectors, along) for lam in shape["lambdas"]]

    answer = [float((found**2).mean()) for found in run()]
    return f"numpy {np.__version__}, eigh, float64", answer, run


def shared_decoder(folder, shape):
    """Paths, networks, out-of-fold predictions and predictions of new samples."""
    import torch
    from shared_decoder import fit_and_infer

    torch.set_num_threads(cores())
    linked = shape["linked"]
    raw = np.fromfile(os.path.join(folder, "linked.f32"), np.float32).reshape(linked["samples"], -1)
    rna, proteins, sites = (linked[name] for name in ("rna", "proteins", "sites"))
    names = np.array([*range(rna), *range(proteins), *range(linked["firstSite"], linked["firstSite"] + sites)])
    modality = np.repeat([0, 1], [proteins, sites])
    partner = np.where(names[rna:] < rna, names[rna:], -1)
    places = [{name: i for i, name in enumerate(names[rna:]) if modality[i] == m} for m in (1, 0)]
    other = np.array([places[m].get(name, -1) for name, m in zip(names[rna:], modality)])
    data = raw[:, :rna], raw[:, rna:], partner, other, modality
    train = np.arange(linked["train"])
    rest = np.arange(linked["train"], linked["samples"])
    warnings.simplefilter("ignore")  # columns that are constant, or never observed

    def run():
        return fit_and_infer(data, train, rest)

    _, (mean, _, _) = run()
    truth = data[1][rest]
    answer = [float(np.nanmean((mean - truth) ** 2)), float(np.nanmean(mean**2))]
    return f"numpy {np.__version__}, torch {torch.__version__}, float32, {cores()} threads", answer, run


def linked_tables(folder, shape):
    linked = shape["linked"]
    raw = np.fromfile(os.path.join(folder, "linked.f32"), np.float32).reshape(linked["samples"], -1)
    return linked, raw[:, : linked["rna"]], raw[:, linked["rna"] :]


def fit_ridge(x, y):
    """A ridge of all features at once: gaps filled by medians, the penalty by eight folds, residuals out of fold."""
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.impute import SimpleImputer
    from sklearn.kernel_ridge import KernelRidge
    from sklearn.model_selection import GridSearchCV, KFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rare = (~np.isnan(y)).sum(axis=0) < 10
    kept = np.flatnonzero(~rare & (np.nanstd(y, axis=0) > 0))
    filled = SimpleImputer(strategy="median").fit_transform(y[:, kept])
    pipeline = make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), KernelRidge())
    model = TransformedTargetRegressor(pipeline, transformer=StandardScaler())
    folds = KFold(8, shuffle=True, random_state=1)
    alphas = {"regressor__kernelridge__alpha": [x.shape[1] * share for share in (0.1, 0.4, 1, 2, 10)]}
    search = GridSearchCV(model, alphas, cv=folds, scoring="neg_mean_squared_error").fit(x, filled)
    held = cross_val_predict(search.best_estimator_, x, filled, cv=folds)
    errors = np.where(np.isnan(y[:, kept]), np.nan, np.abs(held - filled))
    return search.best_estimator_, kept, np.nanquantile(errors, 0.9, axis=0)


def fit(folder, shape):
    """To a file: the ridge, which features it predicts, and how far their intervals reach."""
    import joblib
    import sklearn

    linked, x, y = linked_tables(folder, shape)
    x, y = x[: linked["train"]], y[: linked["train"]]
    warnings.simplefilter("ignore")  # features that were never observed

    def run():
        fitted = fit_ridge(x, y)
        joblib.dump(fitted, os.path.join(folder, "ridge.joblib"))
        return fitted

    return f"scikit-learn {sklearn.__version__}, KernelRidge", [len(run()[1])], run


def impute(folder, shape):
    """New samples by that ridge, to one table with its bounds."""
    import pandas as pd
    import sklearn

    linked, x, y = linked_tables(folder, shape)
    train, rest = linked["train"], linked["samples"] - linked["train"]
    warnings.simplefilter("ignore")
    model, kept, reach = fit_ridge(x[:train], y[:train])
    new = x[train + np.arange(linked["newcomers"]) % rest]
    names = [f"N{i}" for i in range(len(new))]

    def run(count=len(names)):
        mean = model.predict(new[:count])
        for kind, values in (("value", mean), ("low", mean - reach), ("high", mean + reach)):
            frame = pd.DataFrame(values, index=names[:count], columns=kept)
            frame.to_csv(os.path.join(folder, f"ridge.{kind}.tsv"), sep="\t", float_format="%.6g")
        return mean

    answer = list(run(linked["warmUp"]).shape)
    return f"scikit-learn {sklearn.__version__}, KernelRidge, pandas {pd.__version__}", answer, run


def load(folder, shape):
    """The three tables of UCEC, joined on the samples that all have; samples x features with a mask."""
    import pandas as pd

    place = shape["ucec"]
    names = ["transcriptomics_linear", "proteomics", "phosphoproteomics_gene"]

    def run():
        tables = [pd.read_csv(os.path.join(place, f"{n}.cct.gz"), sep="\t", index_col=0) for n in names]
        shared = [sample for sample in tables[0] if all(sample in table for table in tables[1:])]
        values = np.concatenate([table[shared].to_numpy(np.float32).T for table in tables], axis=1)
        observed = ~np.isnan(values)
        return np.where(observed, values, np.float32(0)), observed

    values, observed = run()
    answer = [*values.shape, int(observed.sum()), float(values.sum(dtype=np.float64))]
    return f"pandas {pd.__version__}", answer, run


def xlsx(folder, shape):
    """The sheets that the paper uses, the usual way; numbers and texts as they come."""
    import openpyxl
    import pandas as pd

    sheets = ["gene_expression_fpkm_uq", "proteome_normalized", "metabolome_normalized"]

    def run():
        return pd.read_excel(os.path.join(folder, "workbook.xlsx"), sheet_name=sheets, engine="openpyxl")

    tables = [table.select_dtypes("number") for table in run().values()]
    count = sum(int(table.count().sum()) for table in tables)
    size = sum(float(table.abs().sum().sum()) for table in tables)
    return f"pandas {pd.__version__}, openpyxl {openpyxl.__version__}", [count, size], run


def read(folder, name):
    """Tables, each as float32 with a mask."""
    import pandas as pd

    if name == "h5ad":
        import h5py

    def values_of(file):
        if name == "h5ad":
            with h5py.File(file, "r") as root:
                names = root["obs/_index"].asstr()[:], root["var/_index"].asstr()[:]
                values = root["X"][:]
                assert values.shape == tuple(len(one) for one in names)
                return values
        if name == "parquet":
            return pd.read_parquet(file).set_index("sample").to_numpy(np.float32)
        return pd.read_csv(file, sep="\t", index_col=0).to_numpy(np.float32)

    with open(os.path.join(folder, f"{name}.json"), encoding="utf8") as file:
        tables = json.load(file)

    def run():
        out = []
        for table in tables:
            values = values_of(table["file"])
            observed = ~np.isnan(values)
            out.append((np.where(observed, values, np.float32(0)), observed))
        return out

    found = run()
    sizes = [sum(values.size for values, _ in found), sum(int(observed.sum()) for _, observed in found)]
    total = sum(float(np.abs(values).sum(dtype=np.float64)) for values, _ in found)
    by = f"h5py {h5py.__version__}" if name == "h5ad" else f"pandas {pd.__version__}"
    return by, [*sizes, total], run


TASKS = {
    "step-paper": ("paper", 1, step),
    "step-paper-fused": ("paper", 1, lambda *given: step(*given, fused=True)),
    "step-paper-masked": ("paper", 1, lambda *given: step(*given, masked=True)),
    "step-small": ("small", 10, step),
    "step-vae": ("medium", 1, vae),
    "step-modis": ("medium", 1, modis),
    "classifier": ("paper", 1, classifier),
    "products-paper": ("paper", 1, products),
    "preprocess": ("paper", 1, preprocess),
    "pca": ("paper", 1, pca),
    "pca-200": ("200", 5, pca),
    "pca-1600": ("1600", 1, pca),
    "smoother-200": ("200", 5, smoother),
    "smoother-1600": ("1600", 1, smoother),
    "shared-decoder": ("paper", 1, shared_decoder),
    "fit": ("paper", 1, fit),
    "impute": ("paper", 1, impute),
    "load": ("paper", 1, load),
    "xlsx": ("paper", 1, xlsx),
    "read-ccle": ("paper", 1, lambda folder, shape: read(folder, "ccle")),
    "read-tall": ("paper", 1, lambda folder, shape: read(folder, "tall")),
    "read-wide": ("paper", 1, lambda folder, shape: read(folder, "wide")),
    "read-h5ad": ("paper", 1, lambda folder, shape: read(folder, "h5ad")),
    "read-parquet": ("paper", 1, lambda folder, shape: read(folder, "parquet")),
}


def peak_memory():
    """Of Linux's count, which begins when the program does."""
    try:
        with open("/proc/self/status", encoding="utf8") as file:
            return 1024 * int(re.search(r"^VmHWM:\s*(\d+) kB", file.read(), re.M)[1])
    except OSError:
        unit = 1 if sys.platform == "darwin" else 1024
        return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main():
    name, folder = sys.argv[1:]
    shape_name, times, make = TASKS[name]
    with open(os.path.join(folder, "settings.json"), encoding="utf8") as file:
        settings = json.load(file)
    shape = {**settings, **settings["shapes"][shape_name], "name": shape_name}
    try:
        by, answer, run = make(folder, shape)
    except ModuleNotFoundError as error:
        skip = f"expected {error.name} in {sys.executable}: install test/bench/requirements.txt there"
        print(json.dumps({"with": "", "answer": [], "skip": skip}), flush=True)
        return
    print(json.dumps({"with": by, "answer": answer}), flush=True)
    for line in sys.stdin:
        if line.strip() == "peak":
            result = peak_memory()
        else:
            start = time.perf_counter()
            for _ in range(times):
                run()
            result = 1000 * (time.perf_counter() - start) / times
        print(json.dumps(result), flush=True)


main()
