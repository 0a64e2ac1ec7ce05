"""Labeling functions of this project: every module here is loaded, in the order of its name."""
