"""Experiments, one per file; each states its paper, command, time and measured numbers."""
