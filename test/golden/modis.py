"""Writes modis.json: MODIS in float64, for lib/model/modis.ts to agree with.

Run it as generate.py, with the same requirements:

    .venv-golden/bin/python test/golden/modis.py            # writes beside this script
    .venv-golden/bin/python test/golden/modis.py elsewhere  # writes into another folder

Written after the description of the authors' code (github.com/VILLOUTREIXLab/MODIS), on autograd throughout:
cross-entropy as the adversarial loss, the clustering term, losses over observed entries. Weights, inputs and noise
are drawn here as multiples of powers of two, so that they are short as text and exact in float32.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)


def on_grid(values, bits):
    return np.round(np.asarray(values, dtype=np.float64) * 2.0**bits) / 2.0**bits


class Autoencoder(nn.Module):
    """One modality. Batch normalization has 0.8 for its epsilon, as the authors' second argument means."""

    def __init__(self, features, ratios, latent):
        super().__init__()
        sizes = [features] + [int(features * ratio) for ratio in ratios]
        encoder = []
        for below, above in zip(sizes[:-2], sizes[1:-1]):
            encoder += [nn.Linear(below, above), nn.BatchNorm1d(above, eps=0.8), nn.LeakyReLU(0.2)]
        self.encoder = nn.Sequential(*encoder, nn.Linear(*sizes[-2:]))
        self.mu = nn.Linear(sizes[-1], latent)
        self.logvar = nn.Linear(sizes[-1], latent)
        decoder = []
        up = [latent] + sizes[:0:-1]
        for below, above in zip(up[:-1], up[1:]):
            decoder += [nn.Linear(below, above), nn.BatchNorm1d(above, eps=0.8), nn.LeakyReLU(0.2)]
        self.decoder = nn.Sequential(*decoder, nn.Linear(up[-1], features))

    def encode(self, rows, noise):
        hidden = self.encoder(rows)
        mean, log_variance = self.mu(hidden), self.logvar(hidden)
        return mean + torch.exp(log_variance / 2) * noise, mean, log_variance


class Discriminator(nn.Module):
    def __init__(self, latent, modalities, classes):
        super().__init__()
        leaky = lambda: nn.LeakyReLU(0.2)
        self.fc = nn.Sequential(
            nn.Linear(latent, 1024), leaky(), nn.Linear(1024, 512), leaky(), nn.Linear(512, 256), leaky()
        )
        self.adv_layer = nn.Sequential(nn.Linear(256, modalities))
        self.aux_layer = nn.Sequential(nn.Linear(256, classes))

    def forward(self, latent):
        hidden = self.fc(latent)
        return self.adv_layer(hidden), self.aux_layer(hidden), hidden


class Modis(nn.Module):
    def __init__(self, modalities, latent, classes):
        super().__init__()
        self.variational_autoencoders = nn.ModuleList(
            Autoencoder(one["features"], one["ratios"], latent) for one in modalities
        )
        self.discriminator = Discriminator(latent, len(modalities), classes)


def divergence(assigned, kernel):
    clusters = assigned.shape[1]
    overlap = assigned.T @ kernel @ assigned
    own = torch.diag(overlap)
    scale = torch.sqrt(torch.clamp(torch.outer(own, own), min=1e-9))
    return 2 / (clusters * (clusters - 1)) * torch.triu(overlap / scale, diagonal=1).sum()


def clustering(hidden, logits):
    # From products, not cdist, whose gradient at a distance of 0 takes care.
    squared = ((hidden[:, None] - hidden[None]) ** 2).sum(-1)
    width = torch.clamp(0.15 * torch.median(squared), min=1e-9).detach()
    kernel = torch.exp(-squared / (2 * width))
    assigned = F.softmax(logits, dim=1)
    corners = torch.exp(-((assigned[:, None] - torch.eye(assigned.shape[1])[None]) ** 2).sum(-1))
    mean = torch.clamp(assigned.mean(0), min=1e-9)
    return divergence(assigned, kernel) + divergence(corners, kernel) + (mean * torch.log(mean)).sum()


def judge(model, latents, classes, for_generators):
    count = len(latents)
    total = {"adversarial": 0, "classes": 0, "clustering": 0}
    for i, latent in enumerate(latents):
        modality, label, hidden = model.discriminator(latent)
        targets = [j for j in range(count) if (j != i) == for_generators]
        for j in targets:
            wrong = F.cross_entropy(modality, torch.full((len(latent),), j))
            total["adversarial"] = total["adversarial"] + wrong / len(targets)
        known = classes[i] >= 0
        total["classes"] = total["classes"] + F.cross_entropy(label[known], classes[i][known])
        total["clustering"] = total["clustering"] + clustering(hidden, label)
    return total


def discriminator_losses(model, batches, noise):
    model.variational_autoencoders.eval()
    with torch.no_grad():
        latents = [
            vae.encode(batch["x"], draws)[0]
            for vae, batch, draws in zip(model.variational_autoencoders, batches, noise)
        ]
    return judge(model, latents, [batch["y"] for batch in batches], False)


def generator_losses(model, batches, noise, weight):
    model.variational_autoencoders.train()
    latents, reconstruction, kl = [], 0, 0
    for vae, batch, draws in zip(model.variational_autoencoders, batches, noise):
        latent, mean, log_variance = vae.encode(batch["x"], draws)
        latents.append(latent)
        apart = (vae.decoder(latent) - batch["x"])[batch["seen"]]
        reconstruction = reconstruction + (apart**2).mean()
        kl = kl - 0.5 * torch.sum(1 + log_variance - mean**2 - torch.exp(log_variance))
    losses = judge(model, latents, [batch["y"] for batch in batches], True)
    return {**losses, "reconstruction": reconstruction, "kl": weight * kl}


def short(tensor):
    """Ten digits of each entry, in lists as deep as the tensor: a millionth of the tests' tolerance."""
    if tensor.dim() == 0:
        return float(f"{tensor.item():.10g}")
    return [short(part) for part in tensor.detach()]


def plain(losses):
    return {name: short(value.detach()) for name, value in losses.items()}


def summary(named):
    """Of each gradient its norm, and its entries at a dozen places spread over the whole."""
    return {
        name: {
            "norm": short(torch.linalg.vector_norm(value)),
            "at": [short(value.reshape(-1)[(7919 * k + 13) % value.numel()]) for k in range(12)],
        }
        for name, value in named.items()
    }


def modis():
    random = np.random.default_rng(88)
    modalities = [
        {"name": "RNA", "features": 23, "ratios": [0.7, 0.45, 0.3]},
        {"name": "protein", "features": 14, "ratios": [0.6, 0.5]},
        {"name": "metabolite", "features": 5, "ratios": [0.8]},
    ]
    latent, classes, weight, rate, steps = 4, 3, 5e-2, 1e-3, 5
    rows = [9, 8, 9]
    model = Modis(modalities, latent, classes)
    # The discriminator is as wide as ever and is drawn from a formula; the rest is written down.
    written = {}
    for name, value in model.state_dict().items():
        if name.endswith("num_batches_tracked"):
            continue
        if name.startswith("discriminator"):
            index = np.arange(value.numel(), dtype=np.int64)
            drawn = ((index * 48271 + 11 * (index % 97) ** 2 + 5) % 1021 - 510) / 2.0**14
        elif name.endswith("running_var"):
            drawn = on_grid(random.uniform(0.5, 2, value.numel()), 8)
        elif name.split(".")[-2].isdigit() and name.endswith("weight") and value.dim() == 1:
            drawn = on_grid(random.uniform(0.5, 1.5, value.numel()), 8)
        else:
            drawn = on_grid(random.normal(0, 0.35, value.numel()), 8)
        value.copy_(torch.tensor(drawn).reshape(value.shape))
        if not name.startswith("discriminator"):
            written[name] = drawn.tolist()
    batches, inputs = [], []
    for one, count in zip(modalities, rows):
        x = on_grid(np.maximum(0, random.normal(0.4, 0.6, (count, one["features"]))), 8)
        seen = random.random(x.shape) < 0.8
        y = random.integers(-1, classes, count)  # -1 is unknown
        inputs.append({"x": x.tolist(), "seen": seen.astype(int).tolist(), "y": y.tolist()})
        batches.append({"x": torch.tensor(x), "seen": torch.tensor(seen), "y": torch.tensor(y)})
    noise = [[on_grid(random.normal(size=(n, latent)), 8) for n in rows] for _ in range(2 * steps)]
    drawn = [[torch.tensor(one) for one in group] for group in noise]

    model.eval()
    with torch.no_grad():
        source = model.variational_autoencoders[0]
        center = source.mu(source.encoder(batches[0]["x"]))
        translated = [short(vae.decoder(center)) for vae in model.variational_autoencoders]
    before = {name: value.clone() for name, value in model.state_dict().items()}
    first = discriminator_losses(model, batches, drawn[0])
    sum(first.values()).backward()
    of_discriminator = {n: p.grad.clone() for n, p in model.discriminator.named_parameters(prefix="discriminator")}
    model.zero_grad()
    second = generator_losses(model, batches, drawn[1], weight)
    sum(second.values()).backward()
    of_generators = {
        n: p.grad.clone()
        for n, p in model.variational_autoencoders.named_parameters(prefix="variational_autoencoders")
    }
    model.zero_grad()
    model.load_state_dict(before)

    optimizer = torch.optim.Adam(model.parameters(), lr=rate, betas=(0.5, 0.999))
    trace = []
    for step in range(steps):
        losses = discriminator_losses(model, batches, drawn[2 * step])
        optimizer.zero_grad()
        sum(losses.values()).backward()
        optimizer.step()
        against = generator_losses(model, batches, drawn[2 * step + 1], weight)
        optimizer.zero_grad()
        sum(against.values()).backward()
        for parameter in model.discriminator.parameters():
            parameter.grad = None
        optimizer.step()
        trace.append({"discriminator": plain(losses), "generators": plain(against)})
    return {
        "note": "Losses and gradients of the discriminator's and of the generators' step by the first weights, losses of "
        "five steps of Adam (0.5, 0.999); the first modality translated into each by the first weights. discriminator: entry "
        "i of each tensor is ((48271 i + 11 (i mod 97)^2 + 5) mod 1021 - 510) / 2^14. Of its "
        "gradients: the norm, and the entries at (7919 k + 13) mod size for k below 12. noise: one list a pass, two "
        "passes a step; one table a modality",
        "spec": {"modalities": modalities, "latent": latent, "classes": classes},
        "klWeight": weight,
        "learningRate": rate,
        "weights": written,
        "batches": inputs,
        "noise": [[one.tolist() for one in group] for group in noise],
        "losses": {"discriminator": plain(first), "generators": plain(second)},
        "gradients": {
            "discriminator": summary(of_discriminator),
            "generators": {n: short(g.reshape(-1)) for n, g in of_generators.items()},
        },
        "trace": trace,
        "translated": translated,
    }


def clusters():
    """The clustering term alone, of rows whose assignments differ: where they are alike, the kernel hardly counts."""
    random = np.random.default_rng(7)
    rows, units, k = 9, 4, 3
    kind = random.integers(0, k, rows)
    hidden = torch.tensor(on_grid(random.normal(0, 0.5, (rows, units)) + kind[:, None], 8), requires_grad=True)
    logits = torch.tensor(on_grid(random.normal(0, 1.5, (rows, k)), 8), requires_grad=True)
    loss = clustering(hidden, logits)
    loss.backward()
    return {
        "rows": rows,
        "hidden": hidden.reshape(-1).tolist(),
        "logits": logits.reshape(-1).tolist(),
        "loss": short(loss.detach()),
        "onHidden": short(hidden.grad.reshape(-1)),
        "onLogits": short(logits.grad.reshape(-1)),
    }


def count(features, ratios, latent, classes):
    """Parameters of the whole, without memory for them."""
    with torch.device("meta"):
        model = Modis([{"features": p, "ratios": ratios} for p in features], latent, classes)
    return sum(parameter.numel() for parameter in model.parameters())


def main():
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    folder.mkdir(parents=True, exist_ok=True)
    paper = [50455, 23300, 247]
    result = {
        **modis(),
        "clusters": clusters(),
        "counts": [
            {"features": paper, "ratios": r, "latent": l, "classes": 2, "parameters": count(paper, r, l, 2)}
            for r, l in (([1.2, 1.0, 0.75, 0.5, 0.25], 256), ([0.04, 0.02], 64))
        ],
    }
    text = json.dumps(result, separators=(",", ":"), allow_nan=False) + "\n"
    (folder / "modis.json").write_text(text)
    print(f"modis.json: {len(text) / 1000:.1f} kB")


if __name__ == "__main__":
    main()
