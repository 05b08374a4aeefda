"""Writes options.json: the authors' model with what the paper leaves out, for the engines to agree with.

Run it as generate.py, with the same requirements:

    .venv-golden/bin/python test/golden/options.py            # writes beside this script
    .venv-golden/bin/python test/golden/options.py elsewhere  # writes into another folder

Batch normalization is torch.nn.BatchNorm1d's, of the columns that the model sees; what it does not see is 0 after it.
Dropout multiplies with masks that are drawn here as lib/engine/dropout.ts says: by sfc32 from a state of four words, a
number for each visible entry of the input, row by row, then for each activation, layer by layer. Weights, statistics
and inputs are multiples of powers of two, so that they are short as text and exact in float32.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

torch.set_num_threads(1)
ROWS, FEATURES, WIDTH, LAYERS = 8, 12, 5, 2


def on_grid(values, bits):
    return np.round(np.asarray(values, dtype=np.float64) * 2.0**bits) / 2.0**bits


def numbers(tensor):
    return (tensor.detach().double().numpy() + 0.0).tolist()


class Draws:
    """sfc32 of PractRand (C. Doty-Humphrey), on 32-bit words."""

    def __init__(self, words):
        self.a, self.b, self.c, self.counter = words

    def next(self):
        word = 0xFFFFFFFF
        out = (self.a + self.b + self.counter) & word
        self.counter = (self.counter + 1) & word
        self.a = self.b ^ (self.b >> 9)
        self.b = (self.c + (self.c << 3)) & word
        self.c = (((self.c << 21) | (self.c >> 11)) + out) & word
        return out

    def mask(self, share, rows, columns):
        """0 with this probability, else what keeps the mean; without a share nothing is drawn."""
        if share == 0:
            return torch.ones(rows, columns)
        kept = [self.next() >= share * 2**32 for _ in range(rows * columns)]
        return torch.tensor(kept).reshape(rows, columns).double() / (1 - share)


class Autoencoder(nn.Module):
    def __init__(self, case):
        super().__init__()
        self.case = case
        if case["batch_norm"]:
            self.batch_norm = nn.BatchNorm1d(FEATURES)
        self.inp_lin = nn.Linear(FEATURES, WIDTH)
        self.encoder_layers = nn.ModuleList(nn.Linear(WIDTH, WIDTH) for _ in range(LAYERS))
        self.out_lin = nn.Linear(WIDTH, FEATURES)

    def read(self, x, draws):
        """What the input layer reads; draws are given in training alone."""
        start, end = self.case["visible"]
        seen = x[:, start:end]
        if self.case["batch_norm"]:
            norm = self.batch_norm
            part = [t[start:end] for t in (norm.running_mean, norm.running_var, norm.weight, norm.bias)]
            seen = F.batch_norm(seen, *part, draws is not None, norm.momentum, norm.eps)
        if draws is not None:
            seen = seen * draws.mask(self.case["input_dropout"], *seen.shape).to(x.dtype)
        seen = F.pad(seen, (start, FEATURES - end))
        keep = torch.ones(FEATURES, dtype=x.dtype)
        keep[self.case["zeroed"]] = 0
        return seen * keep

    def encode(self, x, draws=None):
        h = self.read(x, draws)
        for layer in (self.inp_lin, *self.encoder_layers):
            h = torch.relu(layer(h))
            if draws is not None:
                h = h * draws.mask(self.case["hidden_dropout"], *h.shape).to(x.dtype)
        return h

    def forward(self, x, draws=None):
        output = self.out_lin(self.encode(x, draws))
        return F.relu(output) if self.case["output"] == "relu" else F.softplus(output)


def batch():
    """Eight preprocessed rows: half of the entries exact zeros, a fifth not observed, a row with large errors."""
    random = np.random.default_rng(91)
    x = on_grid(np.log1p(np.maximum(random.normal(0.4, 1.6, (ROWS, FEATURES)), 0)), 10)
    x[2] = on_grid(x[2] * 3, 10)
    observed = random.random((ROWS, FEATURES)) > 0.2
    return torch.tensor(x), torch.tensor(observed)


def train(case, dtype=torch.float64):
    """Twenty steps of the whole batch; `dtype` lets a reader see what single precision alone changes."""
    torch.manual_seed(case["seed"])
    model = Autoencoder(case).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.round(parameter * 1024) / 1024)
        if case["batch_norm"]:  # as if it had been trained already
            norm = model.batch_norm
            for tensor, center in ((norm.weight, 1), (norm.bias, 0), (norm.running_mean, 0.5), (norm.running_var, 1)):
                tensor.copy_(torch.round((center + torch.rand(FEATURES) / 2) * 64) / 64)
    model = model.to(dtype)
    x, mask = batch()
    x = x.to(dtype)
    optimizer = torch.optim.AdamW(model.parameters(), lr=case["lr"], weight_decay=case["weight_decay"])

    def tensors():
        """Parameters, then buffers, without the count of steps."""
        named = [*model.named_parameters(), *model.named_buffers()]
        return {name: numbers(value) for name, value in named if "num_batches" not in name}

    init = tensors()
    output = model(x)
    huber = F.huber_loss(output[mask], x[mask], delta=1.0)
    huber.backward()
    first = {
        "output": numbers(output),
        "latent": numbers(model.encode(x)),
        "huber": huber.item(),
        "mse": F.mse_loss(output[mask], x[mask]).item(),
        "grad": {name: numbers(value.grad) for name, value in model.named_parameters()},
    }
    draws, trace = Draws(case["draws"]), []
    for _ in range(20):
        huber = F.huber_loss(model(x, draws)[mask], x[mask], delta=1.0)
        optimizer.zero_grad()
        huber.backward()
        optimizer.step()
        trace.append(huber.item())
        if len(trace) == 1:
            first["after_step_1"] = tensors()
    return {**case, "init": init, "first": first, "huber_trace": trace, "after_step_20": tensors()}


def case(**changes):
    plain = {
        "output": "softplus", "batch_norm": False, "input_dropout": 0.0, "hidden_dropout": 0.0,
        "visible": [0, FEATURES], "zeroed": [], "weight_decay": 0.1, "lr": 0.01, "draws": [11, 22, 33, 44],
    }
    return {**plain, **changes}


# With these seeds the same model in float32 stays within 1.2e-6 of the weights' scale, as `train` shows with its dtype.
CASES = [
    case(title="batch normalization", batch_norm=True, seed=20),
    case(title="batch normalization of visible columns, both dropouts, a zeroed column, ReLU", batch_norm=True,
         output="relu", visible=[1, 10], zeroed=[3, 10], input_dropout=0.1, hidden_dropout=0.2, seed=51),
    case(title="both dropouts and a zeroed column", zeroed=[7], input_dropout=0.1, hidden_dropout=0.2, seed=58),
    case(title="ReLU as the output", output="relu", weight_decay=0.0, seed=38),
]


def main():
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    folder.mkdir(parents=True, exist_ok=True)
    x, observed = batch()
    result = {"x": numbers(x), "observed": observed.int().tolist(), "runs": [train(one) for one in CASES]}
    text = json.dumps(result, separators=(",", ":"), allow_nan=False) + "\n"
    (folder / "options.json").write_text(text)
    print(f"options.json: {len(text) / 1000:.1f} kB")


if __name__ == "__main__":
    main()
