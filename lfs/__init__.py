"""Labeling functions for email spam."""
