"""Measuring images: image sets, their features, reference statistics and metrics."""
