"""Common parts of the PyTorch peers: a step's nets, optimizers and data."""

from functools import partial

import torch
from torch import Tensor, nn

from benchmarks.workloads import Arrays, Workload

Nets = tuple[nn.Module, nn.Module]
"""The generators and the discriminators (or critic) of a step."""


class Step:
    """Common parts of the methods: nets, optimizers, data, and compilation."""

    def __init__(self, nets: Nets, workload: Workload, arrays: Arrays, form: str):
        """``form`` is ``eager``, ``channels_last``, ``compile`` or ``graphs`` (CUDA graphs)."""
        self.workload, self.form, self.last = workload, form, form != "eager"
        layout = torch.channels_last if self.last else torch.contiguous_format
        self.G, self.D = (net.train().to(memory_format=layout) for net in nets)
        self.data = {name: torch.tensor(array) for name, array in arrays.items()}
        adam = partial(
            torch.optim.Adam, lr=workload.learning_rate, betas=workload.betas, fused=True
        )
        self.opt_g, self.opt_d = adam(self.G.parameters()), adam(self.D.parameters())
        graphs = partial(torch.compile, mode="reduce-overhead")
        forms = {"compile": torch.compile, "graphs": graphs}
        self.compiled = forms.get(form, lambda function: function)

    def begin(self) -> None:
        """Tells CUDA graphs that the results of the last update may be overwritten."""
        if self.form == "graphs":
            torch.compiler.cudagraph_mark_step_begin()

    def real(self, images: Tensor) -> Tensor:
        """Converts NHWC bytes to floats in [-1, 1] in the nets' layout."""
        images = images.permute(0, 3, 1, 2)  # of channels-last layout as it is
        return (images if self.last else images.contiguous()).float() / 127.5 - 1.0

    def latent(self, n: int) -> Tensor:
        """Draws ``n`` latent codes."""
        return torch.randn(n, self.workload.latent_dim)


def update(optimizer: torch.optim.Optimizer, loss: Tensor) -> Tensor:
    """One update along the negative gradient of the loss; returns the loss."""
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    return loss.detach()
