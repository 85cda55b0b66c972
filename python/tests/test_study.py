"""Studies of arrays, files and built-in data."""

from __future__ import annotations

import json

import annatomy as an
import numpy as np
import pytest

SMALL = dict(ks=[10, 40], runs=2, ef_values=[5, 20], studies=["ef"])


@pytest.fixture(scope="module")
def found(clustered):
    return an.study(clustered, **SMALL)


def test_a_study_is_a_tidy_table(found):
    frame = found.to_pandas()
    assert len(frame) == 2 * 2 * 2 and set(frame.condition) == {"ef_5", "ef_20"}
    assert frame.k.dtype == np.int64 and ((frame.overlap >= 0) & (frame.overlap <= 1)).all()
    assert found.to_polars().shape == frame.shape
    assert found.summary["settings"]["data"] == "array of 800 × 24"
    assert "800 × 24" in repr(found)


def test_an_array_and_its_file_give_the_same_study(clustered, found, tmp_path):
    path = tmp_path / "rows.npy"
    np.save(path, clustered)
    again = an.study(path, **SMALL)
    for name, column in found.to_columns().items():
        np.testing.assert_array_equal(column, again.to_columns()[name])


def test_overlap_is_what_the_graph_returns(clustered, found):
    """Run r builds with seed + r; its overlap at (ef, k) is the surface's."""
    frame = found.to_pandas().set_index(["run", "ef", "k"])
    for run in (0, 1):
        index = an.Hnsw(clustered, seed=42 + run)
        surface = an.surface(clustered, index, [5, 20], [10, 40])
        for row, ef in enumerate((5, 20)):
            for column, k in enumerate((10, 40)):
                cell = frame.loc[(run, ef, k)]
                assert cell.overlap_strict == pytest.approx(surface.overlap[row, column], abs=2e-3)
                assert cell.fill == pytest.approx(surface.fill[row, column], abs=2e-3)


def test_results_are_written_and_shown(found, tmp_path):
    found.write(tmp_path / "out")
    assert (tmp_path / "out" / "report.html").read_text() == found.report()
    assert all(figure.svg.startswith("<svg") for figure in found.figures())
    assert found._repr_html_().count("<svg") == len(found.figures())


def test_metrics_read_as_the_studys_notebook_reads_them(clustered, tmp_path):
    """The notebook's way: ``json.load``, a frame of each file, a concatenation over runs, means by k, a plot's columns."""
    pd = pytest.importorskip("pandas")
    settings = dict(ks=[10, 40, 90], runs=2, ef_values=[5], ef_construction_values=[50, 400], alpha_values=[0.25, 4.0])
    an.study(clustered, **settings).write(tmp_path / "out")
    keys = "mean_overlap mean_exact_dist mean_ann_dist mean_barycenter_shift mean_lid_diff mean_lid_exact mean_lid_ann".split()
    conditions = ["efSearch_study/ef_5", "efConstruction_study/efc_50", "efConstruction_study/efc_400"]
    for condition in conditions + ["alpha_study/alpha_0.25", "alpha_study/alpha_4.0"]:
        frames = []
        for run in range(2):
            with open(tmp_path / "out" / f"run{run:02}" / condition / "metrics.json") as file:
                metrics = json.load(file)
            assert metrics["k"] == [10, 40, 90]
            assert all(isinstance(metrics[key], list) and len(metrics[key]) == 3 for key in keys)
            assert all(isinstance(value, float) for key in keys for value in metrics[key])
            frames.append(pd.DataFrame(metrics).assign(run=run))
        frame = pd.concat(frames, ignore_index=True)
        means = frame.groupby("k")["mean_overlap"].mean()
        assert means.index.tolist() == [10, 40, 90] and means.between(0, 1).all()
        if condition.startswith("alpha"):
            alpha = float(condition.split("_")[-1])
            assert isinstance(metrics["alpha"], float) and metrics["alpha"] == alpha
            assert metrics["efSearch"] == [max(2, int(alpha * k)) for k in metrics["k"]]
        else:
            assert "alpha" not in metrics and "efSearch" not in metrics


def test_a_folder_of_somebody_elses_files_is_not_overwritten(found, tmp_path):
    (tmp_path / "report.html").write_text("mine")
    with pytest.raises(FileExistsError, match="holds no study"):
        found.write(tmp_path)
    assert (tmp_path / "report.html").read_text() == "mine"
    found.write(tmp_path / "new")
    found.write(tmp_path / "new")


def test_progress_is_reports_where_wanted(clustered, capfd):
    reports = []
    an.study(clustered, **SMALL, progress=lambda *state: reports.append(state))
    assert reports[-1][0].startswith("run 2/2: ") and all(len(state) == 3 for state in reports)
    assert capfd.readouterr() == ("", "")
    an.study(clustered, **SMALL, progress=True)
    assert "run 2/2: " in capfd.readouterr().err


def test_an_error_in_progress_stops_the_study(clustered):
    def fail(*_):
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        an.study(clustered, **SMALL, progress=fail)


@pytest.mark.parametrize(
    "settings, message",
    [
        (dict(kss=[1]), "no setting kss; known: alpha_values"),
        (dict(ks=[5, 3]), "must ascend"),
        (dict(ks=[800]), "k = 800 neighbors of each of 800 rows"),
        (dict(subset=900), "a subset of 900 rows"),
        (dict(metric="ip"), "no geometry"),
        (dict(runs=-1), "invalid value"),
        (dict(studies=["nothing"]), "unknown variant"),
    ],
)
def test_bad_settings_are_value_errors(clustered, settings, message):
    with pytest.raises(ValueError, match=message):
        an.study(clustered, **settings)


def test_files_that_cannot_be_read_or_written_are_os_errors(found, tmp_path):
    with pytest.raises(FileNotFoundError, match="nothing.npy"):
        an.study(tmp_path / "nothing.npy")
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError):
        found.write(tmp_path / "file")
