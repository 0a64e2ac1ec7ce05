"""The loop around training: batches come in, are scored and watched; models are challenged, versions kept.

Plain functions over files, as stages are; what flows and the command line call. Nothing here is a stage of
`dvc.yaml`: what time adds is append-only and belongs to no rerun.
"""
