import io

import pytest
from rich.console import Console

from labelmill import progress


@pytest.fixture
def terminal(monkeypatch):
    """What a bar draws on a terminal."""
    screen = io.StringIO()
    monkeypatch.setattr(progress, "Console", lambda **_: Console(file=screen, force_terminal=True, width=80))
    return screen


def test_it_yields_the_items_and_is_silent_without_a_terminal(capsys):
    assert list(progress.progress(range(3), "reading")) == [0, 1, 2]
    assert capsys.readouterr() == ("", "")


def test_on_a_terminal_it_says_what_and_how_far(terminal):
    assert list(progress.progress(range(3), "reading mails")) == [0, 1, 2]
    assert "reading mails" in terminal.getvalue()
    assert "3/3" in terminal.getvalue()


def test_items_without_a_length_take_a_total(terminal):
    assert list(progress.progress(iter("ab"), "reading", total=2)) == ["a", "b"]
    assert "2/2" in terminal.getvalue()


def test_it_never_reads_ahead():
    taken = []
    items = progress.progress((taken.append(n) or n for n in range(5)), "reading")
    next(items)
    assert taken == [0]


def test_an_error_passes_and_the_bar_is_gone(terminal):
    def broken():
        yield 1
        raise ValueError("row 2")

    with pytest.raises(ValueError, match="row 2"):
        list(progress.progress(broken(), "reading"))
    assert terminal.getvalue().endswith("\x1b[2K"), "the line of the bar is cleared, for the error to stand there"
