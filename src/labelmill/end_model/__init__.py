"""The model that generalises beyond the labeling functions: features of a row in, probabilities out.

`features` turns rows into numbers, `matrix` keeps them on disk, `train` fits (with Lightning), `model` is what
was learned: a few arrays that predict with numpy alone.
"""
