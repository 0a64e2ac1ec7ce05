"""From a row to numbers: words of its texts, numeric and categorical columns."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp

from labelmill import storage
from labelmill.end_model import columns
from labelmill.end_model.blocks import KINDS, Arrays, Block, CategoryBlock, NumberBlock, TextBlock
from labelmill.errors import CorruptFileError, ParamsError, TrainingError
from labelmill.params import FeaturizeParams

FORMAT = 2
"""Version of the features: raised when the same rows would give other numbers."""


class Featurizer:
    """Fitted on the rows of split train only; afterwards the same row gives the same numbers everywhere.

    Parameters
    ----------
    params
        Section `featurize` of `params.yaml`.
    text_columns
        Columns whose words count (`task.text_columns`).
    hidden_columns
        Columns that no feature may see (`task.hidden_columns`); they are dropped before anything is fitted.

    Attributes
    ----------
    blocks_
        The fitted blocks, in the order of the features.

    Examples
    --------
    >>> mails = pd.DataFrame({"text": ["act now", "see you", "act soon", None]})
    >>> featurizer = Featurizer(FeaturizeParams(min_df=2, text_shape=False)).fit(mails)
    >>> featurizer.names
    ['text:act']
    >>> featurizer.transform(mails).toarray().ravel().tolist()
    [1.0, 0.0, 1.0, 0.0]
    """

    def __init__(
        self,
        params: FeaturizeParams,
        *,
        text_columns: tuple[str, ...] = ("text",),
        hidden_columns: tuple[str, ...] = (),
    ) -> None:
        self.params = params
        self.text_columns = text_columns
        self.hidden_columns = hidden_columns
        self.blocks_: list[Block] = []
        _check_columns(self.columns, hidden_columns)

    @property
    def columns(self) -> list[str]:
        """The columns that the features are made of."""
        return [*self.text_columns, *self.params.numeric_columns, *self.params.categorical_columns]

    @property
    def names(self) -> list[str]:
        """`text:word`, `text#capitals`, `number`, `number:missing`, `column=category`: one per feature."""
        return [name for block in self.blocks_ for name in block.names]

    @property
    def hash(self) -> str:
        """Equal for featurizers that give equal features; kept with all that is made with this one."""
        content, arrays = self._parts()
        lines = [json.dumps(content, sort_keys=True)]
        lines += [f"{name} {arrays[name].dtype} {arrays[name].tobytes().hex()}" for name in sorted(arrays)]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    def fit(self, frame: pd.DataFrame) -> "Featurizer":
        """Learn vocabularies, scales and categories from train rows.

        Raises
        ------
        TrainingError
            A column is not there or has the wrong kind of values, or no feature is left.
        """
        absent = [column for column in self.columns if column not in frame]
        if absent:
            raise TrainingError(
                f"featurize: the rows have no column {', '.join(map(repr, absent))}. "
                f"Columns are: {', '.join(map(str, frame.columns))}."
            )
        visible = self._expand(frame.drop(columns=list(self.hidden_columns), errors="ignore"), self.columns)
        self.blocks_ = [block.fit(visible[block.column]) for block in self._new_blocks()]
        if not self.names:
            raise TrainingError(
                f"featurize: no feature is left of {len(frame):,} train rows. "
                f"Lower featurize.min_df, now {self.params.min_df}, or add columns."
            )
        return self

    def transform(self, frame: pd.DataFrame) -> sp.csr_matrix:
        """One row of float32 features per row of `frame`; a column that is not there counts as null.

        Raises
        ------
        TrainingError
            None of the columns is there, or one has the wrong kind of values.
        """
        known = self.columns
        if not any(column in frame for column in known):
            raise TrainingError(
                f"the rows have none of the columns that the features are made of: {', '.join(known)}. "
                f"Columns are: {', '.join(map(str, frame.columns))}."
            )
        visible = self._expand(frame, known)
        return sp.hstack([block.transform(visible[block.column]) for block in self.blocks_], format="csr")

    def save(self, folder: Path) -> None:
        """Write `folder`, with a manifest, as JSON and safetensors; equal featurizers give equal bytes."""
        import sklearn
        from safetensors.numpy import save

        content, arrays = self._parts()
        header = {"format": FORMAT, "hash": self.hash, "scikit-learn": sklearn.__version__}
        with storage.new_folder(folder) as new:
            storage.write_text(new / "featurizer.json", json.dumps({**header, **content}, indent=0) + "\n")
            storage.write_bytes(new / "featurizer.safetensors", save(arrays))

    @classmethod
    def load(cls, folder: Path) -> "Featurizer":
        """Read what `save` wrote.

        Raises
        ------
        TrainingError
            It was written by a version whose features differ; both versions are named.
        CorruptFileError
            Its bytes are not those that were written, or its parts do not belong together.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load

        storage.verify_folder(folder)
        file = folder / "featurizer.json"
        content = storage.read_json(file)
        found = content.get("format") if isinstance(content, dict) else None
        if found != FORMAT:
            raise TrainingError(
                f"{file}: features of format {found!r}; this labelmill makes format {FORMAT}. "
                "Make them again with `dvc repro`."
            )
        try:
            arrays = load((folder / "featurizer.safetensors").read_bytes())
            featurizer = cls.__new__(cls)
            featurizer.params, featurizer.hidden_columns = FeaturizeParams(**content["params"]), ()
            featurizer.text_columns = tuple(content["text_columns"])
            featurizer.blocks_ = [_rebuild(i, part, arrays) for i, part in enumerate(content["blocks"])]
        except (KeyError, ValueError, TypeError, AttributeError, OSError, SafetensorError) as error:
            if isinstance(error, TrainingError):
                raise TrainingError(f"{file} (scikit-learn {content.get('scikit-learn')}): {error}") from error
            raise CorruptFileError(f"{folder}: is damaged ({error}). Make it again with `dvc repro`.") from error
        if featurizer.hash != content["hash"]:
            raise CorruptFileError(
                f"{folder}: its parts do not belong together (hash {featurizer.hash[:12]}, "
                f"recorded {str(content['hash'])[:12]}). Make it again with `dvc repro`."
            )
        return featurizer

    def _new_blocks(self) -> list[Block]:
        p = self.params
        kinds = [(p.ngrams, False), *([(p.letter_ngrams, True)] if p.letter_ngrams else [])]
        texts = [
            TextBlock(column, ngrams=ngrams, letters=letters, min_df=p.min_df, max_features=p.max_features)
            for column in self._word_columns
            for ngrams, letters in kinds
        ]
        shapes = [f"{c}#{shape}" for c in self.text_columns for shape in columns.SHAPES] if p.text_shape else []
        numbers = [NumberBlock(column) for column in shapes]
        numbers += [NumberBlock(column, min_df=p.min_df) for column in p.numeric_columns]
        categories = [
            CategoryBlock(column, min_df=p.min_df, max_categories=p.max_categories) for column in p.categorical_columns
        ]
        return [*texts, *numbers, *categories]

    @property
    def _word_columns(self) -> list[str]:
        """The columns whose words count: the texts joined into one, or each for itself."""
        return ["+".join(self.text_columns)] if self.params.join_texts else list(self.text_columns)

    def _expand(self, frame: pd.DataFrame, known: list[str]) -> dict[str, "pd.Series[Any]"]:
        """The columns that blocks ask for: absent ones as nulls, the shapes of texts beside them."""
        nulls = pd.Series([None] * len(frame), dtype=object)
        found = {column: frame[column] if column in frame else nulls.rename(column) for column in known}
        if self.params.join_texts:
            joined = map("\n".join, zip(*(columns.texts(found[column]) for column in self.text_columns), strict=True))
            (name,) = self._word_columns
            found[name] = pd.Series(list(joined), name=name, dtype=object)
        if self.params.text_shape:
            for column in self.text_columns:
                null = found[column].isna().to_numpy()
                for shape, values in columns.shapes(columns.texts(found[column])).items():
                    values[null] = np.nan  # no text is not a short text
                    found[f"{column}#{shape}"] = pd.Series(values, name=f"{column}#{shape}")
        return found

    def _parts(self) -> tuple[dict[str, Any], Arrays]:
        blocks, arrays = [], {}
        for i, block in enumerate(self.blocks_):
            content, own = block.parts()
            blocks.append({"kind": block.kind, **content})
            arrays.update({f"{i}.{name}": np.ascontiguousarray(array) for name, array in own.items()})
        params = self.params.model_dump(mode="json")
        return {"params": params, "text_columns": list(self.text_columns), "blocks": blocks}, arrays


def _check_columns(used: list[str], hidden: tuple[str, ...]) -> None:
    leaks = sorted(set(used) & set(hidden))
    if leaks:
        raise ParamsError(
            f"featurize: column {', '.join(map(repr, leaks))} is in task.hidden_columns, so no feature may see it. "
            "Take it out of one of the two lists."
        )
    twice = sorted({column for column in used if used.count(column) > 1})
    if twice:
        raise ParamsError(
            f"featurize: column {', '.join(map(repr, twice))} is listed twice among task.text_columns, "
            "featurize.numeric_columns and featurize.categorical_columns."
        )


def _rebuild(i: int, content: dict[str, Any], arrays: Arrays) -> Block:
    prefix = f"{i}."
    own = {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
    return KINDS[content["kind"]].from_parts(content, own)
