"""The report: `reports/index.html`, one page that needs no network, a model card and a data card."""

from labelmill.params import Params

__all__ = ["write_report"]


def write_report(params: Params) -> None:
    """Write the page and both cards from the files in the current project folder.

    Files that are not there leave a sentence in their place. The same files give the same bytes.

    Raises
    ------
    CorruptFileError
        A file is there but damaged.
    """
    from labelmill import paths, storage
    from labelmill.report import cards, gather, page

    gathered = gather.gather(params)
    storage.write_text(paths.REPORT, page.render_page(gathered))
    storage.write_text(paths.MODEL_CARD, cards.model_card(gathered))
    storage.write_text(paths.DATA_CARD, cards.data_card(gathered))
