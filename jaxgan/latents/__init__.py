"""The latent space of a run: paths, directions and projections, one file an action.

``python -m jaxgan.latent RUN ACTION`` runs them; each is a dataclass of its flags.
"""
