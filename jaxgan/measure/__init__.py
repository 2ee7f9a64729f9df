"""Measuring images: sets of them, their features collected, reference statistics, the metrics."""
