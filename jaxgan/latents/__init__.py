"""The latent space of a run: paths, directions and projections, one file per action.

``python -m jaxgan.latent RUN ACTION`` runs an action; each action is a dataclass of its flags.
"""
