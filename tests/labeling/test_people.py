from enum import IntEnum

import numpy as np
import pandas as pd
import pytest

from labelmill import apply_lfs, crowd_lfs
from labelmill.errors import InvalidVoteError, LFError
from labelmill.labeling.explain import about
from labelmill.labeling.fingerprints import fingerprint


class Label(IntEnum):
    NO = 0
    YES = 1


def table(*rows):
    return pd.DataFrame(rows, columns=["task", "worker", "label"])


def matrix(lfs, ids, **more):
    return apply_lfs(pd.DataFrame({"id": ids}), lfs, cardinality=4, **more).L.tolist()


def test_a_random_table_comes_back_as_its_matrix():
    rng = np.random.default_rng(0)
    L = np.where(rng.random((60, 25)) < 0.3, rng.integers(0, 4, (60, 25)), -1).astype(np.int8)
    rows, workers = np.nonzero(L >= 0)
    long = table(*zip(rows, workers, L[rows, workers], strict=True)).sample(frac=1, random_state=1)
    lfs = crowd_lfs(long)
    ids = rng.permutation(70)  # ten of them are no task
    applied = apply_lfs(pd.DataFrame({"id": ids}), lfs, cardinality=4)
    order = sorted(range(25), key=str)
    assert applied.lf_names == [f"worker_{j}" for j in order]
    expected = np.concatenate([L, np.full((10, 25), -1)])[ids][:, order]
    assert np.array_equal(applied.L, expected)
    texts = [str(i) for i in ids]
    assert np.array_equal(apply_lfs(pd.DataFrame({"id": texts}), lfs, cardinality=4).L, expected)
    assert [[lf({"id": i}) for lf in lfs] for i in ids[:5]] == expected[:5].tolist()


def test_rows_that_occur_twice_get_the_answer_twice_and_shards_are_told_apart():
    lfs = crowd_lfs(table(("a", "w", 1), ("b", "w", 2), ("b", "v", 0)))
    assert matrix(lfs, ["b", "x", "a", "b"]) == [[0, 2], [-1, -1], [-1, 1], [0, 2]]
    assert matrix(lfs, ["a"]) == [[-1, 1]]
    assert matrix(lfs, []) == []


TWICE = table(*[("t", "w", y) for y in (1, 0, 1, None)], ("t", "v", 1), ("t", "v", 0), ("u", "v", -1), ("u", "v", 2))


def test_of_several_answers_the_majority_counts_and_a_tie_abstains():
    lfs = crowd_lfs(TWICE.astype({"label": "Int64"}))
    assert [lf.name for lf in lfs] == ["worker_v", "worker_w"]
    assert matrix(lfs, ["t", "u"]) == [[-1, 1], [2, -1]]
    with pytest.raises(LFError, match="worker 'w' answered task 't' twice"):
        crowd_lfs(TWICE.astype({"label": "Int64"}), duplicates="error")


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (["yes", "no", ""], ["no", "yes"]),
        (["yes", "no", None], {"no": 0, "yes": 1}),
        (["YES", "NO", np.nan], Label.__members__),
        (pd.Categorical(["yes", "no", None]), ["no", "yes"]),
        ([1, 0, -1], None),
        (pd.Series([Label.YES, Label.NO, None], dtype=object), None),
        (pd.array([1, 0, None], dtype="Int8"), None),
        (np.array([1, 0, -1], dtype=np.int8), None),
    ],
    ids=str,
)
def test_answers_are_numbers_or_names(labels, classes):
    long = pd.DataFrame({"task": ["a", "b", "c"], "worker": "w", "label": labels})
    lfs = crowd_lfs(long, classes=classes, prefix="", owner="ann")
    assert matrix(lfs, ["a", "b", "c"]) == [[1], [0], [-1]]
    assert [(lf.name, lf.upkeep.owner, lf.labels, about(lf)) for lf in lfs] == [
        ("w", "ann", (0, 1), "2 answers of worker w")
    ]


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".parquet"])
def test_files(tmp_path, suffix):
    long = table(("007", "NA", 1), ("8", "x", 0)).assign(gold=3, worker_note="-")
    path = tmp_path / f"answers{suffix}"
    (long.to_parquet if suffix == ".parquet" else long.to_csv)(path, index=False)
    assert matrix(crowd_lfs(path), ["007", "8", "7"]) == [[1, -1], [-1, 0], [-1, -1]]
    with pytest.raises(LFError, match=r"crowd_lfs of .*test_people\.py:\d+: .*answers.* columns \['task', 'who'"):
        crowd_lfs(path, worker="who")


def test_other_files_are_refused(tmp_path):
    with pytest.raises(LFError, match="there is no file"):
        crowd_lfs(tmp_path / "nothing.csv")
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(LFError, match=r"neither \.csv nor \.parquet"):
        crowd_lfs(tmp_path / "a.txt")


@pytest.mark.parametrize("answer", [1.0, 0.5, True, "yes", "1.0", 127, -2, [1], b"1", "²"], ids=repr)
def test_an_answer_that_is_no_class_is_named(answer):
    long = pd.DataFrame({"task": ["a", "t7"], "worker": "w", "label": pd.Series([0, answer], dtype=object)})
    with pytest.raises(LFError, match=r"worker 'w' said .* of task 't7': expected a class number"):
        crowd_lfs(long)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"classes": ["no", "yes"]}, r"said 1 of task 'a': expected one of \['no', 'yes'\]"),
        ({"classes": "01"}, "classes must be a list"),
        ({"classes": {1: 1.0}}, "label must be a class number"),
        ({"duplicates": "first"}, "duplicates must be"),
        ({"label": "worker"}, "are three columns"),
        ({"task": "row"}, "has no column 'row'; it has"),
        ({"colour": "red"}, "unknown argument 'colour'"),
    ],
)
def test_wrong_arguments(change, message):
    with pytest.raises((LFError, InvalidVoteError), match=message):
        crowd_lfs(table(("a", "w", 1)), **change)


@pytest.mark.parametrize("value", [1.5, None, True, "", ("a",), ["a"]], ids=repr)
@pytest.mark.parametrize("column", ["task", "worker"])
def test_ids_are_text_or_integers(column, value):
    long = table(("a", "w", 1), ("b", "w", 1)).astype(object)
    long.at[1, column] = value
    with pytest.raises(LFError, match=f"{column} .* is no id"):
        crowd_lfs(long)


def test_names_are_safe_and_differ():
    workers = ["A 1", "A/1", "Zoë", "id", "x.y-z", "a\nb"]
    assert [lf.name for lf in crowd_lfs(table(*[("t", worker, 1) for worker in workers]))] == [
        "worker_A_1", "worker_A_1~2", "worker_Zoë", "worker_a_b", "worker_id", "worker_x.y-z",
    ]  # fmt: skip


def test_gold_is_never_a_vote():
    long = table(("a", "w", 1)).assign(gold=2)
    (lf,) = crowd_lfs(long)
    rows = pd.DataFrame({"id": ["a"], "gold": [2]})
    assert apply_lfs(rows, [lf], cardinality=3, hidden=["gold"]).L.tolist() == [[1]]
    (peeks,) = crowd_lfs(long, label="gold")
    with pytest.raises(
        LFError, match=r"'worker_w' .* column 'gold' of the table, which is the name of a hidden column"
    ):
        apply_lfs(rows, [peeks], cardinality=3, hidden=["gold"])
    with pytest.raises(LFError, match="hidden columns"):
        apply_lfs(rows, [lf], cardinality=3, hidden=["id"])


def test_they_compose_and_their_fingerprints_follow_their_answers(tmp_path):
    long = table(("a", "v", 1), ("a", "w", 1), ("b", "w", 0), ("b", "v", 1))
    v, w = crowd_lfs(long)
    assert matrix([v & w, v | w, w.when(v)], ["a", "b", "c"]) == [[1, 1, 1], [-1, -1, 0], [-1, -1, -1]]
    keys = [fingerprint(lf, tmp_path).key for lf in (v, w, v | w)]
    again = crowd_lfs(long.sample(frac=1, random_state=0))
    assert [fingerprint(lf, tmp_path).key for lf in again] == keys[:2]
    edited = crowd_lfs(long.assign(label=[1, 1, 0, 2]))
    changed = [fingerprint(lf, tmp_path).key for lf in (*edited, edited[0] | edited[1])]
    assert [old == new for old, new in zip(keys, changed, strict=True)] == [False, True, False]
    assert len(set(keys)) == 3


def test_a_class_out_of_range_is_found_before_any_row():
    with pytest.raises(LFError, match=r"'worker_w' .* votes for class 5"):
        matrix(crowd_lfs(table(("a", "w", 5))), ["a"])
