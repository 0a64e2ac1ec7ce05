import pytest

from labelmill.quality.drift import compare
from labelmill.quality.drift.gold import worse_on_gold


@pytest.mark.parametrize(
    ("now", "before"),
    [
        ((0, 0), (190, 200)),
        ((10, 49), (190, 200)),  # too few
        ((10, 100), (0, 0)),
        ((90, 100), (190, 200)),  # chance
        ((93_000, 100_000), (95_000, 100_000)),  # sure, and too little to matter
        ((200, 200), (150, 200)),  # better
    ],
)
def test_what_gold_does_not_show_is_not_told(now, before):
    assert worse_on_gold(now, before, margin=0.03) is None


def test_what_gold_shows_is_harmful(reference):
    found = worse_on_gold((60, 100), reference.on_gold, margin=0.03)
    assert (found.kind, found.subject, found.confirmed) == ("harmful", "on gold", True)
    assert found.reason.startswith("the champion is right on 60.0% of 100 new rows with gold, before: 9")


def test_where_a_window_has_no_gold_nothing_is_told_of_it(reference, rows, params):
    window = rows(1000, 3)
    signals = compare(reference, window, params).layers["outputs"].signals
    assert "accuracy" not in {signal.kind for signal in signals}
