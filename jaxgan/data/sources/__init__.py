"""One file a kind of data; :func:`jaxgan.data.sources.opening.open_source` finds it by name."""
