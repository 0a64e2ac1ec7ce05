"""Progress bars on standard error; silent where nobody looks at a terminal."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

Item = TypeVar("Item")


def progress(items: Iterable[Item], description: str, *, total: int | None = None) -> Iterator[Item]:
    """Yield the items and show how far along they are.

    Parameters
    ----------
    items
        What to go through.
    description
        What is being done, in a few words.
    total
        Number of items, where `items` has no length.
    """
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        yield from bar.track(items, total=total, description=description)
