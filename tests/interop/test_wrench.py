"""Folders of WRENCH: a round trip loses nothing, a bad row is named with file and key."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelmill.errors import DataError
from labelmill.interop import WrenchData, read_wrench, write_wrench

TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
KEYS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=5)
ROW = {"label": 1, "weak_labels": [1, -1, 0], "data": {"text": "act now", "span": [0, 3]}}


@st.composite
def contents(draw):
    """What the files of a folder hold."""
    k, m = draw(st.integers(2, 4)), draw(st.integers(0, 3))
    columns = draw(st.dictionaries(TEXTS.filter(lambda key: not key.startswith("data.")), JSON, max_size=3))
    kinds = {key: draw(st.sampled_from([JSON, TEXTS, st.integers(-9, 9), st.floats(-1, 1)])) for key in columns}
    rows = st.fixed_dictionaries(
        {
            "label": st.integers(-1, k - 1),
            "weak_labels": st.lists(st.integers(-1, k - 1), min_size=m, max_size=m),
            "data": st.fixed_dictionaries(kinds),
        }
    )
    splits = draw(st.lists(st.sampled_from(["train", "valid", "test"]), min_size=1, unique=True))
    files = {split: draw(st.dictionaries(KEYS, rows, min_size=1, max_size=4)) for split in splits}
    return files | {
        "label": {str(y): f"class ä {y}" for y in range(k)},
        "meta": {"lf_names": [f"lf {j}" for j in range(m)], "source": "drawn"},
    }


def write(folder, files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")


def read_all(folder):
    return {
        file.stem: json.loads(file.read_text(encoding="utf-8")) for file in folder.iterdir() if file.stem != "manifest"
    }


@pytest.fixture
def folder(tmp_path):
    """A small folder, with each file as the format has it."""
    write(
        tmp_path / "spam",
        {
            "label": {"0": "ham", "1": "spam"},
            "train": {"0": ROW, "1": {**ROW, "label": 0, "data": {"text": "Grüße", "span": [1, 2]}}},
            "test": {"0": {**ROW, "label": -1}},
        },
    )
    return tmp_path / "spam"


@settings(max_examples=40, deadline=None, derandomize=True)
@given(files=contents())
def test_a_round_trip_loses_nothing(files, tmp_path_factory):
    base = tmp_path_factory.mktemp("wrench")
    write(base / "a", files)
    data = read_wrench(base / "a")
    write_wrench(base / "b", data)
    assert read_all(base / "b") == files
    again = read_wrench(base / "b")
    pd.testing.assert_frame_equal(again.frame, data.frame)
    assert np.array_equal(again.L, data.L)
    assert np.array_equal(again.gold, data.gold)
    assert (again.lf_names, again.classes, again.meta) == (data.lf_names, data.classes, data.meta)


def test_rows_votes_and_gold_lie_beside_each_other(folder):
    data = read_wrench(folder)
    assert data.frame["id"].tolist() == ["train/0", "train/1", "test/0"]
    assert data.frame["split"].tolist() == ["train", "train", "test"]
    assert data.frame["text"].tolist() == ["act now", "Grüße", "act now"]
    assert data.frame["span"].tolist() == [[0, 3], [1, 2], [0, 3]]
    assert data.L.tolist() == [[1, -1, 0]] * 3
    assert data.L.dtype == np.int8
    assert data.gold.tolist() == [1, 0, -1]
    assert (data.lf_names, data.classes, data.meta) == (["lf_0", "lf_1", "lf_2"], ["ham", "spam"], {})


def test_a_column_that_is_called_id_keeps_its_values(folder):
    write(folder, {"train": {"0": {**ROW, "data": {"id": 7, "split": "x"}}}, "test": {}})
    data = read_wrench(folder)
    assert data.frame.columns.tolist() == ["id", "split", "data.id", "data.split"]
    write_wrench(folder.parent / "b", data)
    assert read_all(folder.parent / "b")["train"]["0"]["data"] == {"id": 7, "split": "x"}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({**ROW, "label": 2}, "label is '2'; expected a class from 0 to 1"),
        ({**ROW, "label": "spam"}, "label is 'spam'"),
        ({**ROW, "label": [1, 0]}, "Sequences of labels cannot be read"),
        ({**ROW, "label": True}, "label is 'True'"),
        ({**ROW, "weak_labels": [1, -1]}, "has 2 weak_labels; expected 3"),
        ({**ROW, "weak_labels": [1, -1, 5]}, "weak_labels: 'lf_2' votes '5'"),
        ({**ROW, "weak_labels": [1, 0.5, 0]}, "weak_labels: 'lf_1' votes '0.5'"),
        ({**ROW, "weak_labels": "1"}, "weak_labels is '1'; expected a list"),
        ({**ROW, "data": ["act now"]}, "expected a dict"),
        ({**ROW, "data": {"text": "a"}}, "data: 'span' is not in this row"),
        ({**ROW, "data": {**ROW["data"], "more": 1}}, "data: 'more' is in this row"),
        ({**ROW, "weight": 1}, "expected the keys"),
        ({"label": 1, "data": {}}, "expected the keys"),
        (7, "has int; expected the keys"),
    ],
)
def test_a_bad_row_is_named_with_its_file(row, message, folder):
    write(folder, {"test": {"0": ROW, "7": row}})
    with pytest.raises(DataError, match=r"test\.json: row '7'.*" + message):
        read_wrench(folder)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("label", {"1": "ham", "2": "spam"}, "expected an object of class names by number"),
        ("label", ["ham", "spam"], "expected an object of class names by number"),
        ("label", {"0": "ham", "1": "ham"}, "class 1 is 'ham'; expected a name that no other class has"),
        ("label", {"0": "ham", "1": 1}, "class 1 is 1"),
        ("meta", {"lf_names": ["a", "b", "a"]}, "'a' is there twice"),
        ("meta", {"lf_names": 3}, "expected an object, its lf_names a list"),
        ("train", [ROW], "expected an object of rows by key, found a list"),
    ],
)
def test_a_bad_file_is_named(name, content, message, folder):
    write(folder, {name: content})
    with pytest.raises(DataError, match=rf"{name}\.json: .*{message}"):
        read_wrench(folder)


def test_what_is_missing_is_named(folder):
    for name in ("train", "test"):
        (folder / f"{name}.json").unlink()
    with pytest.raises(DataError, match=r"has none of train\.json, valid\.json, test\.json"):
        read_wrench(folder)
    (folder / "label.json").unlink()
    with pytest.raises(DataError, match=r"label\.json: cannot be read"):
        read_wrench(folder)


def test_a_row_that_is_there_twice_is_not_lost(folder):
    (folder / "test.json").write_text('{"0": 1, "0": 2}')
    with pytest.raises(DataError, match=r"test\.json.*the key '0' is there twice"):
        read_wrench(folder)


def make(**changes):
    frame = pd.DataFrame({"id": ["a", "b"], "split": ["train", "test"], "text": ["x", None], "n": [1.5, np.nan]})
    parts = {"frame": frame, "L": np.zeros((2, 1), dtype=np.int8), "lf_names": ["w"], "gold": np.array([0, -1])}
    return WrenchData(**{**parts, "classes": ["ham", "spam"], **changes})


def test_rows_of_any_frame_can_be_written(tmp_path):
    write_wrench(tmp_path / "out", make())
    assert read_all(tmp_path / "out")["test"] == {
        "b": {"label": -1, "weak_labels": [0], "data": {"text": None, "n": None}}
    }
    assert read_wrench(tmp_path / "out").frame["id"].tolist() == ["train/a", "test/b"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"gold": np.array([0, 2])}, "gold must be 2 classes from 0 to 1"),
        ({"L": np.ones((2, 1)) * 9}, "labeling function 'w' votes 9"),
        ({"frame": make().frame.assign(split=["dev", "test"])}, "rows of split 'dev'"),
        ({"frame": make().frame.assign(id=["a", "a"])}, "one id, 'a'"),
        ({"frame": make().frame.assign(id=["a", "train/a"], split="train")}, "would get one key, 'a'"),
        ({"frame": make().frame.assign(text=["x", object()])}, "row 'b': column 'text' is "),
        ({"frame": make().frame.drop(columns="split")}, "the frame begins with"),
        ({"classes": ["ham", "ham"]}, "no different names"),
    ],
)
def test_what_cannot_be_written_leaves_nothing(changes, message, tmp_path):
    with pytest.raises(DataError, match=message):
        write_wrench(tmp_path / "out", make(**changes))
    assert not (tmp_path / "out").exists()


def test_a_folder_with_files_is_not_written_to(folder):
    before = read_all(folder)
    with pytest.raises(DataError, match="not empty"):
        write_wrench(folder, make())
    assert read_all(folder) == before
