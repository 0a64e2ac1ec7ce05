"""Every error that labelmill raises on purpose, and the exit code that the command line ends with.

```
LabelmillError                 1   base of all
├── ParamsError    (ValueError)    2   params.yaml is wrong: unknown key, value out of range
├── DataError      (ValueError)    3   an input cannot be read, or is not what it should be
│   └── ExpectationError           3   the rows broke an expectation that stops the run
│       └── NothingToDoError       13  there is no row to work on
├── LFError        (ValueError)    4   a labeling function cannot be loaded or applied
│   └── InvalidVoteError           4   a labeling function returned something that is no vote
├── LabelModelError (ValueError)   5   votes from which no label model can be fitted
├── TrainingError  (ValueError)    6   the end model cannot be trained or loaded
├── StorageError   (OSError)       7   a file cannot be written or read
│   ├── CorruptFileError           7   a stored file is not what was written
│   └── BusyError                  8   another process is at work on the same thing
├── PromotionError (RuntimeError)  9   a model was not promoted
│   └── OvertakenError             8   another model was put in charge while this one was judged
├── MissingToolError (RuntimeError) 10  a program or an extra that is needed is not installed
├── TrackingError  (RuntimeError) 11  MLflow cannot be reached; the results are safe in files
└── DownloadError  (OSError)       12  something could not be fetched; trying again may help
```

A message says what was found, what was expected, where (file, column, labeling function, row) and
what to do about it.
"""


class LabelmillError(Exception):
    """Base of every error that labelmill raises on purpose."""

    exit_code = 1


class ParamsError(LabelmillError, ValueError):
    """`params.yaml` has an unknown key or a value that is out of range."""

    exit_code = 2


class DataError(LabelmillError, ValueError):
    """An input cannot be read, or is not what it should be."""

    exit_code = 3


class ExpectationError(DataError):
    """The rows broke an expectation that stops the run."""


class NothingToDoError(ExpectationError):
    """There is no row to work on; what was there before is untouched."""

    exit_code = 13


class LFError(LabelmillError, ValueError):
    """A labeling function cannot be loaded or applied."""

    exit_code = 4


class InvalidVoteError(LFError):
    """A labeling function returned something that is neither a class nor an abstain."""


class LabelModelError(LabelmillError, ValueError):
    """No label model can be fitted to these votes, or they do not fit the fitted one."""

    exit_code = 5


class TrainingError(LabelmillError, ValueError):
    """The end model cannot be trained, or a stored one cannot be used."""

    exit_code = 6


class StorageError(LabelmillError, OSError):
    """A file cannot be written or read."""

    exit_code = 7


class CorruptFileError(StorageError):
    """A stored file is not what was written."""


class BusyError(StorageError):
    """Another process is at work on the same thing."""

    exit_code = 8


class PromotionError(LabelmillError, RuntimeError):
    """A model was not promoted."""

    exit_code = 9


class OvertakenError(PromotionError):
    """Another model was put in charge while this one was judged: no refusal, it is to be judged beside that one."""

    exit_code = BusyError.exit_code


class MissingToolError(LabelmillError, RuntimeError):
    """A program or an optional package that is needed is not installed."""

    exit_code = 10


class TrackingError(LabelmillError, RuntimeError):
    """MLflow cannot be reached or refuses a run; the results are safe in files."""

    exit_code = 11


class DownloadError(LabelmillError, OSError):
    """Something could not be fetched; trying again may help."""

    exit_code = 12
