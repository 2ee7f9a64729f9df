"""Images on the host: decoded, resized, augmented."""
