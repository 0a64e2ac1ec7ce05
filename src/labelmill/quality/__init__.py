"""Whether data and models are good enough: validation of rows, evaluation, promotion."""
