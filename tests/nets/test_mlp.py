import numpy as np

from jaxgan.nets import MLPDiscriminator, MLPGenerator


def test_parameters_are_those_of_the_book(count):
    generator = (100 * 128 + 128) + (128 * 784 + 784)
    discriminator = (784 * 128 + 128) + (128 + 1)
    assert count(MLPGenerator(), 100) == generator == 114_064
    assert count(MLPDiscriminator(), 28, 28, 1) == discriminator == 100_609


def test_generator_equals_the_formula(run, images):
    z = images(3, 5)
    out, variables, _ = run(MLPGenerator(hidden=4, image_shape=(2, 3, 2)), z)
    first, last = (variables["params"][f"Dense_{i}"] for i in range(2))
    hidden = z @ np.asarray(first["kernel"])
    hidden = np.where(hidden > 0, hidden, 0.01 * hidden)
    expected = np.tanh(hidden @ np.asarray(last["kernel"])).reshape(3, 2, 3, 2)
    np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-6)


def test_discriminator_equals_the_formula(run, images):
    x = images(3, 2, 3, 2)
    scores, variables, state = run(MLPDiscriminator(hidden=4, image_shape=(2, 3, 2)), x)
    first, last = (variables["params"][f"Dense_{i}"] for i in range(2))
    hidden = x.reshape(3, 12) @ np.asarray(first["kernel"])
    hidden = np.where(hidden > 0, hidden, 0.01 * hidden)
    np.testing.assert_allclose(state["intermediates"]["features"][0], hidden, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(scores, hidden @ np.asarray(last["kernel"])[:, 0], rtol=1e-4)
