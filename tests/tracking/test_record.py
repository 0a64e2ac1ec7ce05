import datetime as dt
import subprocess

import pytest

from labelmill import paths, storage
from labelmill.errors import CorruptFileError
from labelmill.tracking import record


def test_a_record_says_all_that_the_files_say(project, params):
    run = record.gather(params)
    assert run.experiment == "toy"
    assert run.run_name == f"majority_vote-{run.created:%Y-%m-%d}-nogit"
    assert run.params["featurize.numeric_columns"] == "links"
    assert run.metrics["test/end_model.f1"] == 0.8 and run.metrics["upstream/label.coverage"] == 0.7
    assert [row["valid_loss"] for row in run.curve] == [0.7, 0.5, 0.45]
    assert {data.path for data in run.datasets} == {"data/clean", "data/label_matrix", "data/probs"}
    assert run.files["reports/index.html"] == storage.sha256_file(paths.REPORT)
    assert run.model is not None
    assert run.model.required_columns == ("subject", "text")
    assert run.model.optional_columns == ("links", "domain")
    assert "| end model | 0.800 |" in run.tags["mlflow.note.content"]
    run.save()
    assert record.read(run.path) == run


def test_equal_files_give_the_record_that_was_kept(project, params):
    kept = record.gather(params).model_copy(update={"created": dt.datetime(2020, 1, 1, tzinfo=dt.UTC), "run_id": "r"})
    kept.save()
    assert record.gather(params) == kept


def test_each_input_changes_the_key(project, params, results):
    keys = [record.gather(params).key]

    def changed() -> bool:
        keys.append(record.gather(params).key)
        return len(set(keys)) == len(keys)

    params = params.model_copy(update={"task": params.task.model_copy(update={"seed": 1})})
    assert changed()
    results.write_reports(f1=0.9)
    assert changed()
    results.write_models(params, weight=2.0)
    assert changed()
    storage.write_text(paths.LFS / "words.py", "act_now = 2\n")
    assert changed()
    storage.write_text(paths.REPORT, "<html>other</html>")
    assert changed()
    with storage.shard_writer(paths.CLEAN) as write:
        write(results.rows(n=41))
    assert changed()


def test_a_commit_does_not_change_the_key_but_is_named(project, params):
    before = record.gather(params)
    subprocess.run(["git", "init", "-q"], check=True)
    subprocess.run(["git", "add", "params.yaml"], check=True)
    commit = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-qm", "x"]
    subprocess.run(commit, check=True)
    after = record.gather(params)
    assert after.key == before.key
    assert after.tags["git_commit"][:7] in after.run_name
    assert after.tags["git_dirty"] == "true"
    assert "git_commit" not in before.tags


def test_a_damaged_record_is_named(project):
    path = project / paths.RUNS / "abc.json"
    storage.write_json(path, {"key": "abc"})
    with pytest.raises(CorruptFileError, match=r"abc\.json: is no record of a run"):
        record.read(path)
