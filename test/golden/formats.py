"""Small files as pandas, anndata and mudata write them, and what they hold. Writes formats.json and the folder formats."""
import json
import pathlib

import anndata
import mudata
import numpy as np
import pandas as pd
import scipy.sparse as sp

here = pathlib.Path(__file__).parent
folder = here / "formats"
folder.mkdir(exist_ok=True)
rng = np.random.default_rng(3)
samples = [f"S{i}" for i in range(6)]
obs = pd.DataFrame(
    {
        "patient": ["P0", "P0", "P1", "P2", "P3", "P3"],
        "stage": pd.Categorical(["I", "II", None, "I", "III", "II"]),
        "age": [50.5, np.nan, 61, 72, 38.25, 44],
        "smoker": [True, False, True, True, False, False],
        "grade": pd.array([1, None, 3, 2, 2, 1], dtype="Int64"),
    },
    index=samples,
)


def named(prefix, count):
    return pd.DataFrame(index=[f"{prefix}{j}" for j in range(count)])


rna = rng.normal(size=(6, 5)).astype(np.float32)
rna[1, 2] = rna[4, 0] = np.nan
counts = rng.poisson(3, size=(6, 5)).astype(np.int64)
protein = np.where(rng.random((6, 4)) > 0.5, rng.normal(size=(6, 4)), 0)
metabolite = np.where(rng.random((5, 3)) > 0.5, rng.normal(size=(5, 3)), 0).astype(np.float32)
genes = named("G", 5)
a = anndata.AnnData(rna, obs=obs, var=genes, layers={"counts": counts})
a.write_h5ad(folder / "rna.h5ad", compression="gzip")
m = mudata.MuData(
    {
        "rna": anndata.AnnData(rna, obs=pd.DataFrame(index=samples), var=genes),
        "protein": anndata.AnnData(sp.csr_matrix(protein), obs=pd.DataFrame(index=samples), var=named("P", 4)),
        "metabolite": anndata.AnnData(
            sp.csc_matrix(metabolite), obs=pd.DataFrame(index=samples[:5]), var=named("M", 3)
        ),
    }
)
for name in obs.columns:
    m.obs[name] = obs[name]
m.write(folder / "cohort.h5mu")
frame = pd.DataFrame(rna, index=pd.Index(samples, name="sample"), columns=genes.index)
frame.to_parquet(folder / "rna.parquet")
frame.T.to_parquet(folder / "features.parquet")


def rows(matrix):
    return [[None if np.isnan(v) else float(v) for v in row] for row in np.asarray(matrix, dtype=float)]


(here / "formats.json").write_text(
    json.dumps(
        {
            "samples": samples,
            "rna": rows(rna),
            "counts": rows(counts),
            "protein": rows(protein.astype(np.float32)),
            "metabolite": rows(metabolite),
            "labels": [
                {"stage": s, "age": a, "smoker": w, "grade": g}
                for s, a, w, g in [
                    ("I", 50.5, "true", 1),
                    ("II", None, "false", None),
                    (None, 61, "true", 3),
                    ("I", 72, "true", 2),
                    ("III", 38.25, "false", 2),
                    ("II", 44, "false", 1),
                ]
            ],
            "patients": obs["patient"].tolist(),
        }
    )
    + "\n"
)
