"""labelmill: programmatic labeling as a pipeline."""
