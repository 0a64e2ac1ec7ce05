"""Labeling functions: writing them, finding them, applying them, summing up their votes."""
