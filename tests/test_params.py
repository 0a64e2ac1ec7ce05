from pathlib import Path

import pytest

from labelmill.errors import ParamsError
from labelmill.params import Params, load_params, parse_params
from labelmill.params.reference import as_markdown, describe

ROOT = Path(__file__).parents[1]
LEAST = {"task": {"name": "spam", "classes": ["ham", "spam"]}, "ingest": {"source": "generated"}}


def changed(section: str, **values: object) -> dict:
    return {**LEAST, section: {**LEAST.get(section, {}), **values}}


def test_the_least_that_must_be_said_is_enough():
    params = parse_params(LEAST)
    assert params.task.cardinality == 2
    assert params.task.positive_index == 1


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (changed("train", learning_rat=0.1), r"train\.learning_rat: no such key\. Did you mean 'learning_rate'"),
        (changed("trian"), r"trian: no such key\. Did you mean 'train'"),
        (changed("ingest", splits={"test_form": "2002-09-01"}), r"ingest\.splits\.test_form.*'test_from'"),
        (changed("validate", columns={"text": {"type": "string", "nulable": True}}), r"nulable.*'nullable'"),
        (changed("train", epochs=0), r"train\.epochs.*found 0"),
        (changed("task", classes=["ham", "ham"]), r"task: .*twice"),
        (changed("task", positive="eggs"), r"task: .*'eggs'.*none of the classes"),
        ({"ingest": {"source": "generated"}}, r"task: Field required"),
        (changed("train", learning_rat=0.1) | {"labels": {}}, r"(?s)train\.learning_rat.*labels: no such key"),
        ([1, 2], "expected sections"),
        (None, "expected sections"),
    ],
)
def test_what_is_wrong_is_named(content, says):
    with pytest.raises(ParamsError, match=says):
        parse_params(content)


@pytest.mark.parametrize(("text", "says"), [("a: [1", "not valid YAML"), ("task: {name: \xff", "not valid YAML")])
def test_a_broken_file_is_named(tmp_path, text, says):
    (tmp_path / "params.yaml").write_text(text, encoding="latin-1")
    with pytest.raises(ParamsError, match=rf"params\.yaml.*{says}"):
        load_params(tmp_path / "params.yaml")


def test_a_bare_date_is_refused_before_dvc_stumbles_over_it(tmp_path):
    (tmp_path / "params.yaml").write_text("ingest: {splits: {test_from: 2002-09-01}}")
    with pytest.raises(ParamsError, match=r"ingest\.splits\.test_from: put the date in quotes"):
        load_params(tmp_path / "params.yaml")


def test_an_absent_file_says_how_to_get_one(tmp_path):
    with pytest.raises(ParamsError, match="labelmill init"):
        load_params(tmp_path / "params.yaml")


def test_params_cannot_be_changed_by_a_stage():
    with pytest.raises(ValueError, match="frozen"):
        parse_params(LEAST).train.epochs = 7


def test_every_key_says_what_it_means():
    silent = [key for key, _, meaning in describe() if not meaning]
    assert not silent


def test_the_reference_page_is_up_to_date():
    assert (ROOT / "docs/params.md").read_text() == as_markdown(), "run: labelmill params --markdown > docs/params.md"


def test_the_schema_knows_every_key():
    schema = Params.model_json_schema(by_alias=True)
    assert set(schema["properties"]) >= {"task", "ingest", "validate", "train"}
