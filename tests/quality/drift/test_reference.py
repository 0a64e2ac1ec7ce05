import dataclasses
import json

import pandas as pd
import pytest

from labelmill.errors import CorruptFileError, DataError
from labelmill.quality.drift import Reference, Rows, compare


def halves(rows):
    cut = len(rows) // 3
    return [part(rows, slice(cut)), part(rows, slice(cut, None))]


def part(rows, places):
    return Rows(
        rows.frame.iloc[places], rows.L[places], rows.probs[places], rows.scores[places], None, rows.gold[places]
    )


def test_parts_in_any_order_give_the_same_reference(rows, schema):
    whole = rows(3000, 5)
    made = [
        Reference.of(parts, schema, seed=1, sample_rows=1000) for parts in ([whole], halves(whole), halves(whole)[::-1])
    ]
    assert len({reference.digest for reference in made}) == 1
    assert made[0].n == 3000
    assert len(made[0].sample) == 1000


def test_many_parts_beside_a_small_sample(rows, schema):
    whole = rows(2000, 6)
    parts = [part(whole, slice(start, start + 20)) for start in range(0, 2000, 20)]
    made = Reference.of(parts, schema, seed=1, sample_rows=30)
    assert made.digest == Reference.of([whole], schema, seed=1, sample_rows=30).digest


def test_another_seed_keeps_other_rows(rows, schema):
    whole = rows(3000, 5)
    first, second = (Reference.of([whole], schema, seed=seed, sample_rows=500) for seed in (1, 2))
    assert set(first.sample.ids) != set(second.sample.ids)


def test_what_is_saved_is_what_is_loaded(rows, reference, params, tmp_path):
    reference.save(tmp_path / "one")
    again = Reference.load(tmp_path / "one")
    again.save(tmp_path / "two")
    assert again.digest == reference.digest
    for file in sorted((tmp_path / "one").iterdir()):
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes()
    window = rows(800, 6)
    assert compare(again, window, params) == compare(reference, window, params)


def test_a_changed_file_is_refused(reference, tmp_path):
    reference.save(tmp_path / "one")
    file = tmp_path / "one" / "arrays.npz"
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    with pytest.raises(CorruptFileError, match="arrays"):
        Reference.load(tmp_path / "one")


def test_no_text_is_stored(rows, reference, tmp_path):
    reference.save(tmp_path / "one")
    word = rows(8000, 1).frame["text"].iloc[0].split()[0].encode()
    assert not any(word in file.read_bytes() for file in (tmp_path / "one").iterdir())
    assert json.loads((tmp_path / "one" / "reference.json").read_text())["rows"] == 8000


def test_a_column_that_one_part_does_not_have_is_missing_there(rows, schema):
    first, second = rows(500, 7), rows(500, 8)
    poorer = Rows(second.frame.drop(columns="size"), second.L, second.probs, second.scores, None, second.gold)
    made = Reference.of([first, poorer], schema, seed=1)
    assert made.sample.measured["null:size"].sum() == 500


def test_without_rows_there_is_no_reference(rows, schema):
    nothing = part(rows(10, 1), slice(0))
    with pytest.raises(DataError, match="no rows"):
        Reference.of([nothing], schema, seed=1)


def test_copies_stay_together(schema, rows):
    made = Reference.of([with_texts(rows, lambda row: f"offer {letters(row // 5)}")], schema, seed=1, sample_rows=800)
    assert set(pd.Series(made.sample.keys).value_counts()) == {5}


@pytest.mark.parametrize("seed", range(3))
def test_texts_that_come_often_keep_their_share(schema, rows, seed):
    """Whole or not at all, they would be a fifth of the rows and none of the sample, or half of it."""
    often = with_texts(rows, lambda row: f"offer number {row} {'abcde'[row % 5]}" if row % 2 else letters(row))
    made = [
        Reference.of(parts, schema, seed=seed, sample_rows=800) for parts in ([often], halves(often), tenths(often))
    ]
    shares = pd.Series(made[0].sample.keys).value_counts().head(5) / len(made[0].sample)
    assert shares.between(0.06, 0.14).all()
    assert len(made[0].sample) > 700
    assert len({reference.digest for reference in made}) == 1


def with_texts(rows, text):
    plain = rows(2000, 9)
    frame = plain.frame.assign(text=[text(row) for row in range(2000)])
    return dataclasses.replace(plain, frame=frame)


def letters(number):
    return f"{number:b}".translate(str.maketrans("01", "xy"))


def tenths(rows):
    return [part(rows, slice(start, start + 200)) for start in range(0, 2000, 200)]
