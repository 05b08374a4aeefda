"""Writes vae.json: the variational autoencoder in float64, for lib/model/vae.ts to agree with.

Run it as generate.py, with the same requirements:

    .venv-golden/bin/python test/golden/vae.py            # writes beside this script
    .venv-golden/bin/python test/golden/vae.py elsewhere  # writes into another folder

The model is the authors' LinearVAE; the loss is the mean of Huber's over the observed entries, plus the divergence over as
many entries, whose weight warms up. Dropout is drawn as in options.py. Weights, inputs and noise are multiples of powers
of two, so that they are short as text and exact in float32.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from options import Draws, numbers, on_grid
from torch import nn
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
ROWS, FEATURES, WIDTH, LATENT, STEPS = 8, 12, 6, 3, 5


class Vae(nn.Module):
    def __init__(self, case):
        super().__init__()
        self.case = case
        self.inp_lin = nn.Linear(FEATURES, WIDTH)
        self.enc = nn.ModuleList(nn.Linear(WIDTH, WIDTH) for _ in range(case["encoder_layers"]))
        self.mu_lin = nn.Linear(WIDTH, LATENT)
        self.log_var_lin = nn.Linear(WIDTH, LATENT)
        self.dec_lin = nn.Linear(LATENT, WIDTH)
        self.dec = nn.ModuleList(nn.Linear(WIDTH, WIDTH) for _ in range(case["decoder_layers"]))
        self.out_lin = nn.Linear(WIDTH, FEATURES)

    def forward(self, x, noise=None, draws=None):
        """Noise and draws are given in training alone; the order of the draws is that of the layers."""

        def stack(h, layers):
            for layer in layers:
                h = torch.relu(layer(h))
                if draws is not None:
                    h = h * draws.mask(self.case["hidden_dropout"], *h.shape)
            return h

        start, end = self.case["visible"]
        seen = torch.zeros_like(x)
        seen[:, start:end] = x[:, start:end]
        h = stack(seen, [self.inp_lin, *self.enc])
        raw = self.log_var_lin(h)
        mean, log_variance = self.mu_lin(h), raw.clamp(-10, 2)
        z = mean if noise is None else mean + torch.exp(log_variance / 2) * noise
        out = self.out_lin(stack(z, [self.dec_lin, *self.dec]))
        out = F.relu(out) if self.case["output"] == "relu" else F.softplus(out)
        return out, mean, log_variance, raw


def losses(outputs, x, seen):
    """Means over the observed entries; KL is the divergence over as many."""
    out, mean, log_variance, _ = outputs
    kl = -0.5 * torch.sum(1 + log_variance - mean**2 - torch.exp(log_variance))
    return {
        "huber": F.huber_loss(out[seen], x[seen], delta=1.0),
        "mse": F.mse_loss(out[seen], x[seen]),
        "KL": kl / seen.sum(),
    }


def plain(values):
    return {name: value.item() for name, value in values.items()}


def tensors(named):
    return {name: numbers(value) for name, value in named}


def train(case, x, seen):
    """Five steps of the whole batch, each an epoch of its own."""
    torch.manual_seed(case["seed"])
    model = Vae(case)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.round(parameter * 1536) / 1024)
        # Some log-variances of either unit lie beyond the end of the clamp, and some within.
        model.log_var_lin.weight.mul_(4)
        model.log_var_lin.bias.copy_(torch.tensor(case["log_variances"]))
    random = np.random.default_rng(case["seed"])
    noise = [on_grid(random.normal(size=(ROWS, LATENT)), 8) for _ in range(STEPS)]

    def loss_of(measured, epoch):
        up = case["warm_up_epochs"]
        return measured["huber"] + case["kl_weight"] * (min(1, (epoch - 1) / up) if up else 1) * measured["KL"]

    init = tensors(model.named_parameters())
    outputs = model(x)
    first = {"output": numbers(outputs[0]), "latent": numbers(outputs[1]), "evaluation": plain(losses(outputs, x, seen))}
    outputs = model(x, torch.tensor(noise[0]), Draws(case["draws"]))
    raw = outputs[3]
    clamped = [int((raw[:, 0] < -10).sum()), int((raw[:, 1] > 2).sum())]
    assert all(0 < count < ROWS for count in clamped), clamped
    measured = losses(outputs, x, seen)
    loss_of(measured, case["epoch"]).backward()
    first["losses"] = plain(measured)
    first["grad"] = tensors((name, value.grad) for name, value in model.named_parameters())
    model.zero_grad()

    optimizer = torch.optim.AdamW(model.parameters(), lr=case["lr"], weight_decay=case["weight_decay"])
    draws, trace = Draws(case["draws"]), []
    for step in range(STEPS):
        measured = losses(model(x, torch.tensor(noise[step]), draws), x, seen)
        optimizer.zero_grad()
        loss_of(measured, step + 1).backward()
        optimizer.step()
        trace.append(plain(measured))
    after = tensors(model.named_parameters())
    noise = [one.tolist() for one in noise]
    return {**case, "init": init, "noise": noise, "first": first, "trace": trace, "after_step_5": after}


def case(**changes):
    plain_case = {
        "output": "softplus", "hidden_dropout": 0.0, "visible": [0, FEATURES], "weight_decay": 0.0, "lr": 0.01,
        "encoder_layers": 1, "decoder_layers": 1, "kl_weight": 1.0, "warm_up_epochs": 0, "epoch": 1,
        "log_variances": [-10.0, 2.0, -0.5], "draws": [11, 22, 33, 44],
    }
    return {**plain_case, **changes}


CASES = [
    case(title="all columns, the evidence lower bound", seed=9),
    case(title="masked, dropout, ReLU, decay, a warm-up of four epochs", visible=[2, 9], output="relu",
         hidden_dropout=0.25, weight_decay=0.1, encoder_layers=2, decoder_layers=0, kl_weight=0.5, warm_up_epochs=4,
         epoch=3, seed=9),
]


def main():
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(92)
    x = on_grid(np.log1p(np.maximum(random.normal(0.4, 1.6, (ROWS, FEATURES)), 0)), 10)
    x[2] = on_grid(x[2] * 3, 10)
    seen = random.random((ROWS, FEATURES)) > 0.2
    runs = [train(one, torch.tensor(x), torch.tensor(seen)) for one in CASES]
    result = {
        "note": "first: output, latent mean and losses in evaluation; losses and gradients with the first noise and draws, "
        "in the case's epoch. trace: losses before each of five steps of AdamW, step n in epoch n. KL: the divergence over "
        "the count of observed entries",
        "sizes": {"features": FEATURES, "width": WIDTH, "latent": LATENT},
        "x": x.tolist(),
        "observed": seen.astype(int).tolist(),
        "runs": runs,
    }
    text = json.dumps(result, separators=(",", ":"), allow_nan=False) + "\n"
    (folder / "vae.json").write_text(text)
    print(f"vae.json: {len(text) / 1000:.1f} kB")


if __name__ == "__main__":
    main()
