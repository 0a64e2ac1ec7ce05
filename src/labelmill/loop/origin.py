"""What the newest end model was made from, by what the stages left: `lfs/` may have been edited since."""

import hashlib
import json

from labelmill import paths, storage
from labelmill.errors import StorageError
from labelmill.params import Params
from labelmill.quality.profile import read_made_from
from labelmill.tracking import provenance


def trained_from(params: Params) -> dict[str, str]:
    """Hashes of what the newest end model was made from, which its champion is to be kept with.

    Keys are data, label_matrix, probs, label_model and lf_set (what decides the votes of the labeling functions). No
    stage keeps all params and the code: they are told as they are now, as params_at_promotion and so on.

    Raises
    ------
    StorageError
        The models, or the tables that they are made from, are not those that stage `profile` saw.
    """
    storage.verify_folder(paths.REFERENCE)
    known, project = read_made_from(paths.REFERENCE), provenance.made_from(params)
    saw = {**known.tables, "label_model": known.label_model, "end_model": known.end_model}
    found = {
        **{name: project[name] for name in ("data", "label_matrix", "probs")},
        "label_model": storage.folder_hash(paths.LABEL_MODEL),
        "end_model": storage.folder_hash(paths.END_MODEL),
    }
    others = [name.replace("_", " ") for name, sha256 in found.items() if saw.get(name) != sha256]
    if others:
        raise StorageError(
            f"{paths.REFERENCE}: was made with another {', '.join(others)} than is there now, so what the end model "
            "was made from is not known: a stage was not run since. Run `dvc repro` or `labelmill run`, then again."
        )
    now = ("params", "code", "labelmill", "git_commit")
    return {
        **{name: sha256 for name, sha256 in found.items() if name != "end_model"},
        "lf_set": hashlib.sha256(json.dumps(known.lfs, sort_keys=True).encode()).hexdigest(),
        **{f"{name}_at_promotion": project[name] for name in now if name in project},
    }
