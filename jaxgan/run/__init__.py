"""A run: its config, directory, checkpoints, loop, log and pictures."""
