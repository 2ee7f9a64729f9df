import jax
import numpy as np
import pytest
from flax import linen as nn

from jaxgan.errors import InputError
from jaxgan.nets import (
    BookDCGANDiscriminator,
    BookDCGANGenerator,
    MLPDiscriminator,
    MLPGenerator,
    ResidualCritic,
    ResidualGenerator,
)
from jaxgan.nets.checks import role

IMAGES = np.zeros((1, 28, 28, 1), np.float32)
LATENT = np.zeros((1, 5), np.float32)
LABELS = np.zeros(1, np.int32)


def refused(net, x, labels=None):
    with pytest.raises(InputError) as error:
        jax.eval_shape(net.init, jax.random.key(0), x, labels)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(("net", "choice", "x", "role"), [
    (MLPGenerator, {"norm": "bach"}, LATENT, "generator"),
    (MLPGenerator, {"conditioning": "class_norm"}, LATENT, "generator"),
    (BookDCGANDiscriminator, {"initializer": "x"}, IMAGES, "discriminator"),
])  # fmt: skip
@pytest.mark.usefixtures("unchecked")
def test_a_choice_that_is_none_names_the_field_and_the_choices(net, choice, x, role):
    line = refused(net(**choice), x)
    assert line.startswith(f"algorithm.{role}.{next(iter(choice))}: ")
    assert "use one of" in line


@pytest.mark.usefixtures("unchecked")
def test_a_choice_that_is_none_of_the_critic():
    net = ResidualCritic(pool="max", image_shape=(16, 16, 1))
    line = refused(net, np.zeros((1, 16, 16, 1), np.float32))
    assert line == ("algorithm.critic.pool: ResidualCritic has no 'max': use one of mean, sum")


@pytest.mark.parametrize(
    ("net", "field"),
    [
        (MLPGenerator(), "generator"),
        (ResidualCritic(), "critic"),
        (MLPDiscriminator(), "discriminator"),
        (MLPDiscriminator(name="critic"), "critic"),
        (nn.Dense(1, name="Dense_0"), "discriminator"),
    ],
)
def test_the_field_of_a_net_is_its_name_or_that_of_its_class(net, field):
    assert role(net) == f"algorithm.{field}"


def test_images_of_another_shape_are_refused():
    line = refused(MLPDiscriminator(image_shape=(8, 8, 3)), IMAGES)
    assert line.startswith("image_shape: MLPDiscriminator is made for images of (8, 8, 3)")
    assert line.endswith("use .clone(image_shape=(28, 28, 1))")


@pytest.mark.parametrize(("net", "x"), [
    (BookDCGANGenerator(num_classes=3), LATENT),
    (BookDCGANDiscriminator(num_classes=3), IMAGES),
])  # fmt: skip
def test_missing_labels_are_refused(net, x):
    assert refused(net, x).startswith(f"labels: {type(net).__name__} has num_classes=3")


def test_class_norm_needs_batch_norm():
    net = ResidualGenerator(norm="layer", num_classes=3, image_shape=(16, 16, 1))
    line = refused(net, LATENT, LABELS)
    assert line.startswith(
        "algorithm.generator.norm: ResidualGenerator with conditioning class_norm"
    )


def test_instance_norm_needs_pixels():
    assert refused(MLPGenerator(norm="instance"), LATENT).startswith("norm: instance needs pixels")
