"""Decoding, resizing and augmentation of images on the host."""
