"""jaxgan's side of a workload: the step as ``jaxgan.train`` compiles it."""

from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.contenders import Runner
from benchmarks.workloads import Arrays, Workload, spec_of

RESIDENT = 8192
"""Number of images in the data set on the devices, unless a step's batches need more."""


def build(workload: Workload, arrays: Arrays, form: str) -> Runner:
    """The step as ``jaxgan.train`` compiles it: state donated, batch on the devices.

    Args:
      workload: the workload.
      arrays: its data.
      form: words: ``x1`` (one step per call, instead of the number that ``jaxgan.train`` chooses
        for the default intervals), ``bf16`` (the compute dtype), ``highest`` (the precision of
        float32 products; a GPU's default is TF32) and ``device`` (batches are gathered in the call
        from a data set on the devices).
    """
    import jax

    from jaxgan.core import advance
    from jaxgan.core.precision import at_precision
    from jaxgan.run.calls import steps_per_call
    from jaxgan.run.config import Run
    from jaxgan.system.devices import Devices

    words = form.split()
    if unknown := set(words) - {"x1", "bf16", "highest", "device"}:
        raise ValueError(f"form: there is no {', '.join(sorted(unknown))}")
    dtype = "bfloat16" if "bf16" in words else "float32"
    method = replace(workload.jaxgan(workload), compute_dtype=dtype)
    precision = "highest" if "highest" in words else "default"
    algorithm = at_precision(method.build(spec_of(workload)), precision)
    devices = Devices()
    key = jax.device_put(jax.random.key(0), devices.replicated)
    state = devices.init(algorithm, key, arrays)
    run, arguments = Run(algorithm=method), (state, arrays, key)
    count = 1 if "x1" in words else steps_per_call(run, advance(algorithm), arguments)
    make = _resident if "device" in words else _stacked
    feed, lead, several_steps = make(workload, arrays, algorithm, devices, count)
    step = devices.compile(several_steps, state, lead, resident="device" in words)

    def call() -> Any:
        nonlocal state
        state, metrics = step(state, feed, key)
        return metrics

    return Runner(call, jax.block_until_ready, f"jax {jax.__version__}", count)


def _stacked(workload: Workload, arrays: Arrays, algorithm: Any, devices: Any, count: int) -> Any:
    """``(feed, axes before its example axis, step)``; the feed has the batch of every step."""
    from jaxgan.core import advance, several
    from jaxgan.system.devices import leading

    del workload
    step, lead = advance(algorithm), leading(algorithm, count)
    if count > 1:
        step = several(step, count)
        arrays = {name: np.stack([array] * count) for name, array in arrays.items()}
    return devices.place(arrays, lead), lead, step


def _resident(workload: Workload, arrays: Arrays, algorithm: Any, devices: Any, count: int) -> Any:
    """As :func:`_stacked`, but the feed is a data set of noise and a plan, as in training."""
    import jax

    from jaxgan.core import advance, several
    from jaxgan.data import Data
    from jaxgan.data.dataset import dataset_of
    from jaxgan.data.examples import in_memory
    from jaxgan.data.order import plans
    from jaxgan.data.resident import gather, resident
    from jaxgan.system.devices import leading

    n = algorithm.batches_per_step
    size = arrays[workload.inputs[0]].shape[1 if n > 1 else 0]
    data = Data(image_size=workload.image_shape[0], batch_size=size, on_device=True)
    rng = np.random.default_rng(1)
    shape = (max(RESIDENT, n * size), *workload.image_shape)
    noise = {name: rng.integers(0, 256, shape, np.uint8) for name in workload.inputs}
    dataset = dataset_of(data, {"": in_memory("noise", spec_of(workload).features, noise)})
    plan = next(plans(dataset, seed=0, start_step=0, batches_per_step=n, steps_per_call=count))
    lead = leading(algorithm, count)
    examples = jax.device_put(resident(dataset), devices.replicated)

    def call(state: Any, feed: Any, root: Any) -> Any:
        examples, plan = feed

        def step(state: Any, plan: Any, root: Any) -> Any:
            return advance(algorithm)(state, gather(examples, plan, dataset.features), root)

        return (several(step, count) if count > 1 else step)(state, plan, root)

    return (examples, devices.place(plan, lead)), lead, call
