"""Commands about labeling functions: the loop of writing them, looking at what they do, and mending them."""

import typer

from labelmill.cli.lfs import diff, errors, listing, new, suggest, summary, trying

_HELP = """Write labeling functions, see what they do, and mend them.

The loop: `lfs suggest` says what is missing, `lfs new` writes a stub, `lfs test` tries it on a text, `lfs diff` says
what an edit changes, `labelmill run --from label --to fit_label_model` takes it over, `lfs summary` and `lfs errors`
say how it went.
"""

app = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", help=_HELP)

for _module in (suggest, new, trying, diff, summary, errors, listing):
    _module.register(app)
