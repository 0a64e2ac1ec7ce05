from labelmill import paths, tracking
from labelmill.stages import track


def test_it_hands_the_params_to_mlflow(monkeypatch):
    seen = []
    monkeypatch.setattr(tracking, "track_run", seen.append)
    track.run("params")
    assert seen == ["params"]


def test_it_reads_all_that_a_run_is_identified_by():
    assert {paths.PARAMS, paths.LFS, paths.END_MODEL, paths.FEATURIZER, paths.LABEL_MODEL} <= set(track.READS)
    assert {paths.CLEAN, paths.LABEL_MATRIX, paths.PROBS, paths.REPORT, paths.metrics("evaluate")} <= set(track.READS)
    assert len(track.READS) == len(set(track.READS))
    assert track.WRITES == (paths.TRACKED,)
    assert not [path for path in track.READS if "gold" in path.parts]
