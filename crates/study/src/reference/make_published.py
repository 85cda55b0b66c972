"""Means and standard deviations over the ten published runs, from the study's own result files.

    python make_published.py published_runs.csv > published.csv

`published_runs.csv` holds one line per run, study, condition and k, with the six figures of the study's metrics.json
under their own names. A mean returned distance into which empty slots were averaged as FLT_MAX says nothing but that there
were some: such runs (`mean_ann_dist` above 1e30) are counted in `ann_dist_exploded` and left out of its mean.
"""

import csv
import statistics
import sys

FIGURES = ["overlap", "exact_dist", "ann_dist", "barycenter_shift", "lid_exact", "lid_ann"]

cells = {}
for line in csv.DictReader(open(sys.argv[1], newline="")):
    cells.setdefault((line["study"], line["condition"], int(line["k"])), []).append(line)

print("study,condition,k," + ",".join(f"{name}_mean,{name}_sd" for name in FIGURES) + ",ann_dist_exploded")
for (study, condition, k), lines in sorted(cells.items()):
    assert len(lines) == 10, (study, condition, k)
    out = [study, condition, str(k)]
    for name in FIGURES:
        values = [float(line["mean_" + name]) for line in lines]
        values = [value for value in values if value < 1e30]
        out.append(f"{statistics.mean(values):.8g}" if values else "")
        out.append(f"{statistics.stdev(values):.4g}" if len(values) > 1 else "")
    out.append(str(sum(float(line["mean_ann_dist"]) >= 1e30 for line in lines)))
    print(",".join(out))
