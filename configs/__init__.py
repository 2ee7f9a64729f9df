"""Experiments: one file each, which is a claim with its paper, command and numbers."""
