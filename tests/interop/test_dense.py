"""Dense matrices in files: what is written is read again, and what is no matrix of votes is named."""

import string

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from labelmill.errors import DataError
from labelmill.interop import NamedVotes, read_dense, read_votes, write_dense, write_votes
from labelmill.label_model import MajorityVote

CASES = settings(max_examples=60, deadline=None, derandomize=True)
LETTERS = string.ascii_letters + string.digits + " ,;\"'-_äß中🙂"
NAMES = st.text(LETTERS, min_size=1, max_size=6).filter(lambda name: name.strip() and name != "id")
IDS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=6)
SMALL = NamedVotes(np.array([[0, -1], [1, 1], [-1, 0]], dtype=np.int8), ["words", "links"], ["a", "b", "c"])


@st.composite
def named_votes(draw):
    """Cardinality, votes."""
    k, n, m = draw(st.integers(1, 127)), draw(st.integers(0, 6)), draw(st.integers(1, 5))
    L = draw(arrays(np.int8, (n, m), elements=st.integers(-1, k - 1)))
    names = draw(st.lists(NAMES, min_size=m, max_size=m, unique=True))
    ids = draw(st.lists(IDS, min_size=n, max_size=n, unique=True)) if draw(st.booleans()) else None
    return k, NamedVotes(L, names, ids)


def same(a, b):
    assert np.array_equal(a.L, b.L)
    assert a.L.dtype == b.L.dtype == np.int8
    assert (a.lf_names, a.ids) == (b.lf_names, b.ids)


@pytest.mark.parametrize("suffix", [".npz", ".csv"])
@CASES
@given(drawn=named_votes())
def test_what_is_written_is_read_again_to_the_byte(suffix, drawn, tmp_path_factory):
    k, votes = drawn
    file = tmp_path_factory.getbasetemp() / f"votes{suffix}"
    if suffix == ".csv" and votes.ids is None and all(name.strip().lstrip("+-").isdecimal() for name in votes.lf_names):
        with pytest.raises(DataError, match="would be read as votes"):
            write_dense(file, votes)
        return
    write_dense(file, votes)
    first = file.read_bytes()
    back = read_dense(file, cardinality=k)
    same(back, votes)
    write_dense(file, back)
    assert file.read_bytes() == first


@CASES
@given(drawn=named_votes())
def test_the_table_of_the_label_stage_keeps_all(drawn, tmp_path_factory):
    _, votes = drawn
    folder = tmp_path_factory.getbasetemp() / "label_matrix"
    write_votes(folder, votes)
    ids = [str(i) for i in range(len(votes.L))] if votes.ids is None else votes.ids
    same(read_votes(folder), NamedVotes(votes.L, votes.lf_names, ids))


def test_label_models_read_that_table(tmp_path):
    write_votes(tmp_path / "votes", SMALL)
    model = MajorityVote(cardinality=2).fit(tmp_path / "votes")
    assert model.predict(SMALL.L).tolist() == [0, 1, 0]
    assert model.lf_names_ == SMALL.lf_names


def test_an_npy_file_has_no_names_but_takes_some(tmp_path):
    file = tmp_path / "L.npy"
    np.save(file, SMALL.L.astype(np.int64))  # as Snorkel's appliers give it
    same(read_dense(file, cardinality=2), NamedVotes(SMALL.L, ["lf_0", "lf_1"]))
    same(read_dense(file, cardinality=2, lf_names=["x", "y"]), NamedVotes(SMALL.L, ["x", "y"]))
    write_dense(file, SMALL)
    same(read_dense(file, cardinality=2), NamedVotes(SMALL.L, ["lf_0", "lf_1"]))


def test_a_csv_file_without_names_takes_some(tmp_path):
    file = tmp_path / "L.csv"
    np.savetxt(file, SMALL.L, fmt="%d", delimiter=",")
    same(read_dense(file, cardinality=2, lf_names=["x", "y"]), NamedVotes(SMALL.L, ["x", "y"]))
    with pytest.raises(DataError, match="first line has votes, not the names"):
        read_dense(file, cardinality=2)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("id,words,links\na,0,1\nb,2,0\n", r"row 'b' \(1\), labeling function 'words' votes '2'"),
        ("id,words,links\na,0,\n", r"row 'a' \(0\), labeling function 'links' votes ''"),
        ("words,links\n0,1.0\n", r"row 0, labeling function 'links' votes '1.0'"),
        ("words,links\n0,True\n", r"labeling function 'links' votes 'True'"),
        ("words,links\n0,1_0\n", "votes '1_0'"),
        ("words,links\n0,-2\n", "votes '-2'"),
        ("words,links\n0\n", "row 0 has 1 fields; expected 2"),
        ("words,words\n0,1\n", "'words' is there twice"),
        ("words,\n0,1\n", "'' is no name"),
        ("id,words\na,1\na,0\n", "rows 0 and 1 have one id, 'a'"),
        ("id,words\n,1\n", "the id of row 0 is ''"),
        ('words,links\n0,"1\n', "is no CSV in UTF-8"),
        (b"words\n\xff\n", "is no CSV in UTF-8"),
        ("", "is empty"),
    ],
)
def test_a_bad_csv_file_is_named_with_row_and_column(content, message, tmp_path):
    file = tmp_path / "votes.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError, match=r"votes\.csv.*" + message):
        read_dense(file, cardinality=2)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"L": np.array([[0, 7]])}, "row 0, labeling function 'lf_1' votes 7; expected -1"),
        ({"L": np.array([[0.0, 1.0]])}, r"votes 0.0 \(float64\); expected integers. All votes are whole"),
        ({"L": np.array([[0.0, np.nan]])}, r"labeling function 'lf_1' votes nan \(float64\)"),
        ({"L": np.array([[True, False]])}, r"votes True \(bool\)"),
        ({"L": np.array([0, 1])}, "have 1 dimensions"),
        ({"L": np.array([[0]]), "lf_names": np.array(["a", "b"])}, "expected rows x 2 labeling functions"),
        ({"L": np.array([[0]]), "ids": np.array(["a", "b"])}, "expected 2 rows x 1"),
        ({"L": np.array([[0]]), "ids": np.array([3])}, "'ids' is int64; expected one line of texts"),
        ({"L": np.array([[0]]), "Y": np.array([3])}, r"beside L, lf_names, ids: \['Y'\]"),
        ({"votes": np.array([[0]])}, "has no array 'L'"),
    ],
)
def test_a_bad_npz_file_is_named_with_row_and_column(arrays, message, tmp_path):
    file = tmp_path / "votes.npz"
    np.savez(file, **arrays)
    with pytest.raises(DataError, match=r"votes\.npz.*" + message):
        read_dense(file, cardinality=2)


@pytest.mark.parametrize("content", [b"no numpy", b"\x93NUMPY", b"PK\x03\x04cut"])
def test_a_damaged_file_and_one_with_objects_are_no_votes(content, tmp_path):
    file = tmp_path / "votes.npy"
    file.write_bytes(content)
    with pytest.raises(DataError, match=r"votes\.npy: is no file of numpy arrays"):
        read_dense(file, cardinality=2)
    np.save(file, np.array([[object()]]), allow_pickle=True)
    with pytest.raises(DataError, match=r"votes\.npy: is no file of numpy arrays"):
        read_dense(file, cardinality=2)


def test_what_cannot_be_kept_is_not_written(tmp_path):
    file = tmp_path / "votes.npz"
    write_dense(file, SMALL)
    before = file.read_bytes()
    for votes in (
        NamedVotes(SMALL.L, ["words", "id"], SMALL.ids),
        NamedVotes(SMALL.L, ["words"], SMALL.ids),
        NamedVotes(SMALL.L, SMALL.lf_names, ["a", "b"]),
        NamedVotes(SMALL.L, SMALL.lf_names, ["a", "b", "c\x00"]),
        NamedVotes(SMALL.L - 1, SMALL.lf_names, SMALL.ids),
    ):
        with pytest.raises(DataError):
            write_dense(file, votes)
    assert file.read_bytes() == before
    with pytest.raises(DataError, match=r"kept in \.npy, \.npz, \.csv files; found '\.txt'"):
        write_dense(tmp_path / "votes.txt", SMALL)
    with pytest.raises(DataError, match=r"nothing\.csv: cannot be read"):
        read_dense(tmp_path / "nothing.csv", cardinality=2)
    with pytest.raises(DataError, match="cardinality is the number of classes, 1 to 127; found 300"):
        read_dense(file, cardinality=300)
    (tmp_path / "votes.csv").write_text("a\n200\n")
    with pytest.raises(DataError, match="cardinality is the number of classes"):
        read_dense(tmp_path / "votes.csv", cardinality=300)
