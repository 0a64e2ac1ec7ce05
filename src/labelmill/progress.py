"""Progress bars on standard error; silent where nobody looks at a terminal."""

import time
from collections.abc import Callable, Iterable, Iterator, Sized
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

Item = TypeVar("Item")


def progress(
    items: Iterable[Item],
    description: str,
    *,
    total: int | None = None,
    rows: Callable[[Item], int] | None = None,
) -> Iterator[Item]:
    """Yield the items and show how far along they are.

    Parameters
    ----------
    items
        What to go through.
    description
        What is being done, in a few words.
    total
        Number of items, where `items` has no length.
    rows
        How many rows an item stands for: then the bar says how many go through a second.
    """
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(description, total=len(items) if isinstance(items, Sized) else total, rate="")
        start, seen = time.monotonic(), 0
        for item in items:
            yield item
            if rows is not None:
                seen += rows(item)
                bar.update(task, rate=f"{seen / (time.monotonic() - start):,.0f} rows/s")
            bar.advance(task)
