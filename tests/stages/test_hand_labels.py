import runpy
import sys
from pathlib import Path

from labelmill import paths, storage
from labelmill.params import Params
from labelmill.stages import featurize

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "hand_labels.py"


def test_the_benchmark_says_how_many_hand_labels_reach_the_end_model(labeled_project, make_params, monkeypatch, capsys):
    params: Params = make_params()
    featurize.run(params)
    (labeled_project / "params.yaml").write_text(params.model_dump_json(by_alias=True))
    for target, answer in ((0.51, "needs 100 hand labels"), (1.01, "needs more than 300 hand labels")):
        value = {"balanced_accuracy": {"value": target}}
        storage.write_json(paths.metrics("evaluate"), {"test": {"end_model": {"all": value}}})
        monkeypatch.setattr(sys, "argv", [str(SCRIPT), "--seeds", "2", "--sizes", "300", "100", "9999"])
        runpy.run_path(str(SCRIPT), run_name="__main__")
        lines = capsys.readouterr().out.splitlines()
        assert answer in lines[-1]
        assert [line.split(" | ")[0] for line in lines[2:4]] == ["| 100", "| 300"]
