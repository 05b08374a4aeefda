"""Canonical correlations from NumPy (QR and SVD), on fitted and on new rows. Writes canonical.json."""
import json
import pathlib

import numpy as np

rng = np.random.default_rng(11)


def case(rows, p, q, shared):
    both = rng.normal(size=(rows + 12, shared))
    x = both @ rng.normal(size=(shared, p)) + rng.normal(size=(rows + 12, p))
    y = both @ rng.normal(size=(shared, q)) + 0.5 * rng.normal(size=(rows + 12, q)) + 3
    x, y = np.round(x, 4), np.round(y, 4)
    (x, new_x), (y, new_y) = (np.split(t, [rows]) for t in (x, y))
    mean_x, mean_y = x.mean(0), y.mean(0)
    qx, rx = np.linalg.qr(x - mean_x)
    qy, ry = np.linalg.qr(y - mean_y)
    u, s, vt = np.linalg.svd(qx.T @ qy, full_matrices=False)
    a, b = np.linalg.solve(rx, u), np.linalg.solve(ry, vt.T)
    left, right = (new_x - mean_x) @ a, (new_y - mean_y) @ b
    fresh = [float(np.corrcoef(left[:, k], right[:, k])[0, 1]) for k in range(len(s))]
    return {
        **{"left": x.tolist(), "right": y.tolist()},
        **{"newLeft": new_x.tolist(), "newRight": new_y.tolist()},
        **{"correlations": s.tolist(), "fresh": fresh},
    }


cases = [case(40, 3, 5, 2), case(30, 6, 2, 2), case(25, 1, 1, 1), case(60, 4, 4, 3)]
path = pathlib.Path(__file__).with_name("canonical.json")
path.write_text(json.dumps({"cases": cases}) + "\n")
