#!/usr/bin/env python3
"""Reference figures for the published conventions.

    pip install numpy        # 2.x: float32 stays float32 beside a Python float
    python published.py      # writes published_vectors.f32, published_pairs.f32, published.json beside itself

The study's arithmetic is restated from its notebook. A case is described by what its index cannot find: per row the ids
it never returns (`dropped`) and how many slots it fills at most (`filled`, column 0 included). The returned row is the
exact order without the dropped ids, cut at `filled`, then id -1 and distance FLT_MAX up to the width.
"""
import json, pathlib, warnings
import numpy as np

warnings.filterwarnings("ignore", category=RuntimeWarning)
HERE = pathlib.Path(__file__).parent
ROWS, COLUMNS, WIDTH = 140, 16, 133
KS = [1, 2, 5, 10, 50, 64, 120, 128, 129, 131, 132]
FLT_MAX = np.finfo("f4").max


def metrics(x, De, Ie, Da, Ia, k):
    overlap = np.mean([len(np.intersect1d(a, b)) / k for a, b in zip(Ie, Ia)])
    me, ma = De.mean(1), Da.mean(1)
    ok = np.isfinite(me) & np.isfinite(ma)
    shift = np.empty(len(x))
    for i in range(len(x)):
        shift[i] = np.linalg.norm(x[Ie[i]].mean(0) - x[Ia[i]].mean(0)) / De[i].mean()
    eps = 1e-12
    lid = lambda D: float((-1 / np.mean(np.log(D[:, :-1] / (D[:, -1:] + eps) + eps), axis=1)).mean())
    assert np.log(De[:, :-1] / (De[:, -1:] + eps) + eps).dtype == np.float32
    return dict(mean_overlap=float(overlap), mean_exact_dist=float(me[ok].mean()), mean_ann_dist=float(ma[ok].mean()),
                mean_barycenter_shift=float(shift.mean()), mean_lid_exact=lid(De), mean_lid_ann=lid(Da),
                mean_lid_diff=lid(Da) - lid(De), rows_dropped=int((~ok).sum()))


def returned_table(pairs, order, dropped, filled):
    ids = np.full((ROWS, WIDTH), -1, dtype="i8")
    distances = np.full((ROWS, WIDTH), FLT_MAX, dtype="f4")
    for row in range(ROWS):
        kept = [i for i in order[row] if i not in dropped[row]][: min(WIDTH, filled[row])]
        ids[row, : len(kept)] = kept
        distances[row, : len(kept)] = pairs[row, kept]
    return ids, distances


def vectors(rng):
    x = np.maximum(rng.normal(0.3, 1, (ROWS, COLUMNS)), 0).astype("f4")
    x[40] = x[7]                                   # duplicates: zero distances
    x[41] = x[7]
    x[90] = x[30] + np.float32(2e-4)               # a near-duplicate: a ratio that epsilon touches
    return x


def cases(rng):
    none = [[] for _ in range(ROWS)]
    full = [WIDTH] * ROWS
    some = lambda count: [sorted(rng.choice(ROWS, count, replace=False).tolist()) for _ in range(ROWS)]
    not_self = lambda lists: [[i for i in l if i != row] for row, l in enumerate(lists)]
    yield "exact", none, full
    yield "no_empty_slots", not_self(some(6)), full
    mixed = not_self(some(12))
    one = [l[: 8 if row % 3 == 0 else 4] for row, l in enumerate(mixed)]
    yield "one_empty_slot_in_some_rows", one, full
    yield "two_and_more_empty_slots", mixed, [WIDTH - 3 * (row % 4 == 1) for row in range(ROWS)]
    yield "sum_over_rows_overflows", not_self(some(3)), [10 if row % 2 else WIDTH for row in range(ROWS)]
    yield "self_not_first", [l + [row] * (row % 5 == 0) for row, l in enumerate(not_self(some(5)))], full
    yield "nothing_but_self", none, [1 if row % 7 == 0 else WIDTH for row in range(ROWS)]


def main():
    rng = np.random.default_rng(20260112)
    x = vectors(rng)
    pairs = ((x[:, None] - x[None]) ** 2).sum(2, dtype="f4")
    order = np.stack([np.lexsort((np.arange(ROWS), row)) for row in pairs])
    De, Ie = np.take_along_axis(pairs, order, 1)[:, :WIDTH], order[:, :WIDTH]
    out = []
    for name, dropped, filled in cases(rng):
        Ia, Da = returned_table(pairs, order, dropped, filled)
        figures = []
        for k in KS:
            row = metrics(x, De[:, 1:k + 1], Ie[:, 1:k + 1], Da[:, 1:k + 1], Ia[:, 1:k + 1], k)
            empty = (Ia[:, 1:k + 1] < 0).sum(1)
            row |= dict(empty_slots=int(empty.sum()), rows_with_one_empty_slot=int((empty == 1).sum()),
                        self_not_first=int((Ia[:, 0] != np.arange(ROWS)).sum()))
            figures.append(dict(k=k) | {key: repr(value) for key, value in row.items()})
        out.append(dict(name=name, dropped=dropped, filled=filled, figures=figures))
    x.astype("<f4").tofile(HERE / "published_vectors.f32")
    pairs.astype("<f4").tofile(HERE / "published_pairs.f32")
    document = dict(numpy=np.__version__, rows=ROWS, columns=COLUMNS, width=WIDTH, cases=out)
    (HERE / "published.json").write_text(json.dumps(document, separators=(",", ":")) + "\n")


main()
