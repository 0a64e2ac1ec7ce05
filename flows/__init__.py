"""Prefect flows: when things run, what is retried and whom to tell; never what is computed."""
